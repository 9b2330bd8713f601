import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation
import Testing

/// Tests that no ID identifies two events, whatever is done with the file.
@Suite(.timeLimit(.minutes(10))) struct CopyTests {
  private let folder = try! TemporaryFolder()

  private func open(_ name: String) throws -> SQLiteEventRepository {
    try SQLiteEventRepository(path: folder.file(name), configuration: .test())
  }

  private func add(_ numbers: ClosedRange<Int>, to repository: SQLiteEventRepository) async throws -> [EventID] {
    try await repository.append(numbers.map { ServerSentEvent(data: "\($0)") }, to: "a")
  }

  /// Copies the current content of the file, as a backup does.
  private func copy(_ name: String, to other: String) throws {
    try RawDatabase(folder.file(name)).execute("VACUUM INTO '\(folder.file(other))'")
  }

  @Test func aFileAndItsCopyGiveDifferentIDs() async throws {
    let original = try open("original.db")
    let shared = try await add(1...10, to: original)
    try copy("original.db", to: "copy.db")
    let copy = try open("copy.db")
    let inOriginal = try await add(11...20, to: original)
    let inCopy = try await add(11...20, to: copy)
    #expect(Set(inOriginal).isDisjoint(with: inCopy))
    for (repository, others) in [(original, inCopy), (copy, inOriginal)] {
      #expect(try await repository.held(after: shared[9]).count == 10)
      for id in others {
        #expect(try await repository.events(for: ReplayRequest(channel: "a", lastEventID: id)) == .unknownID)
      }
      await repository.close()
    }
  }

  /// Simulates a power failure that lost unflushed data, or a restored backup.
  @Test func whatAReaderHasAndTheFileHasLostIsNotTakenForSomethingElse() async throws {
    let first = try open("history.db")
    let kept = try await add(1...10, to: first)
    try copy("history.db", to: "backup.db")
    let lost = try await add(11...20, to: first)
    await first.close()
    try FileManager.default.removeItem(atPath: folder.file("history.db"))
    try FileManager.default.moveItem(atPath: folder.file("backup.db"), toPath: folder.file("history.db"))
    let second = try open("history.db")
    let new = try await add(100...130, to: second)
    #expect(Set(new).isDisjoint(with: lost + kept))
    for id in lost {
      #expect(try await second.events(for: ReplayRequest(channel: "a", lastEventID: id)) == .unknownID)
    }
    #expect(try await second.held(after: kept[9]).map(\.id) == new)
    await second.close()
    // Also after the events in their places were evicted.
    let third = try SQLiteEventRepository(
      path: folder.file("history.db"), configuration: .test { $0.retention.maximumEvents = 3 })
    try await eventually { try await third.held().count == 3 }
    for id in kept + lost + new.dropLast(4) {
      let answer = try await third.events(for: ReplayRequest(channel: "a", lastEventID: id))
      #expect(try await answer == .gap(third.held()), "\(id)")
    }
    #expect(try await third.events(for: ReplayRequest(channel: "a", lastEventID: new[27])) == .contiguous(third.held()))
    await third.close()
  }

  @Test func anIDThatCameAlongAndIsGoneIsNotTakenForTheOneRightBefore() async throws {
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.retention.maximumEvents = 2 })
    let first = try await add(1...1, to: repository)[0]
    // Those are the last two of twelve. The event directly before them is number 10.
    let foreign = try EventID(first.rawValue.dropLast() + "10")
    _ = try await repository.append([ServerSentEvent(data: "2", id: foreign)], to: "a")
    let given = try await add(3...12, to: repository)
    #expect(!given.contains(foreign) && Set(given).count == 10)
    try await eventually { try await repository.held().count == 2 }
    let answer = try await repository.events(for: ReplayRequest(channel: "a", lastEventID: foreign))
    #expect(try await answer == .gap(repository.held()))
    await repository.close()
  }

  @Test func anIDOfASessionThatCameAlongIsNotGivenByThatSession() async throws {
    let one = try open("history.db")
    let other = try open("history.db")
    let id = try await add(1...1, to: one)[0]
    let foreign = try EventID("\(id.rawValue.dropLast())4")
    _ = try await other.append([ServerSentEvent(data: "own", id: foreign)], to: "a")
    let given = try await add(3...9, to: one)
    #expect(!given.contains(foreign) && Set(given).count == 7)
    #expect(try await one.held(after: foreign).map(\.id) == given)
    await one.close()
    await other.close()
  }
}
