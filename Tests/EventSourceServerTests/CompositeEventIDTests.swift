import Testing

@testable import EventSourceServer

@Suite struct CompositeEventIDTests {
  @Test func oneThatMovesOnIsAlwaysTheOneThatItsPartsMake() {
    let ids = ["", "7", "8", "10", "é,:%", "*", "k3f9-4", String(repeating: "long ", count: 20)]
    var random = SplitMix64(seed: 11)
    var parts = ["a", "ch,b:", "c"].map { (channel: $0, id: "0") }
    var moving = MovingCompositeEventID()
    for part in parts { moving.append(channel: part.channel, id: part.id) }
    for _ in 0..<2000 {
      let index = Int.random(in: parts.indices, using: &random)
      parts[index].id = ids[Int.random(in: ids.indices, using: &random)]
      moving.replace(index, by: parts[index].id.utf8)
      let composite = CompositeEventID(parts)
      for most in [10, 40, 10_000] {
        #expect(moving.text(maximumBytes: most) == composite.text(maximumBytes: most).map { Array($0.utf8) })
      }
      #expect(CompositeEventID(parsing: composite.text) == composite)
    }
  }
}
