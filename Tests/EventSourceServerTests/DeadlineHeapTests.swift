@testable import EventSourceServer
import EventSourceTesting
import Testing

@Suite struct DeadlineHeapTests {
  private final class Member: DeadlineHeapMember {
    var deadline = Int64.never
    var heapIndex = -1
  }

  /// Compares two heaps with what a search finds, after each of many changes.
  @Test func theFirstMemberHasTheEarliestDeadline() {
    var random = SeededRandom(seed: 1)
    let members = (0..<40).map { _ in Member() }
    var heaps = [DeadlineHeap<Member>(), DeadlineHeap<Member>()]
    var homes: [ObjectIdentifier: Int] = [:]
    var now: Int64 = 0
    for _ in 0..<4000 {
      let member = members.randomElement(using: &random)!
      let home = homes[ObjectIdentifier(member)]
      switch Int.random(in: 0..<8, using: &random) {
      case 0..<5:
        let index = home ?? Int.random(in: 0...1, using: &random)
        member.deadline =
          Int.random(in: 0..<12, using: &random) == 0 ? .never : now + .random(in: 0..<50, using: &random)
        heaps[index].update(member)
        homes[ObjectIdentifier(member)] = member.deadline == .never ? nil : index
      case 5:
        // From both, of which one does not have it.
        for index in heaps.indices { heaps[index].remove(member) }
        homes[ObjectIdentifier(member)] = nil
      default:
        now += 3
        for index in heaps.indices {
          while let first = heaps[index].popFirst(at: now) {
            #expect(first.deadline <= now && first.heapIndex == -1)
            homes[ObjectIdentifier(first)] = nil
          }
        }
      }
      for index in heaps.indices {
        let own = members.filter { homes[ObjectIdentifier($0)] == index }
        #expect(heaps[index].earliest == own.map(\.deadline).min() ?? .never)
        #expect(own.allSatisfy { $0.heapIndex >= 0 })
      }
    }
  }
}
