import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import EventSourceTesting
import Foundation
import Synchronization
import Testing

/// Tests what a history retains when it is closed and reopened, and how the hub uses it.
@Suite(.timeLimit(.minutes(10))) struct RestartTests {
  private let folder = try! TemporaryFolder()

  private func open(_ change: (inout SQLiteEventRepository.Configuration) -> Void = { _ in }) throws
    -> SQLiteEventRepository
  {
    try SQLiteEventRepository(path: folder.file(), configuration: .test(change))
  }

  @Test func theHistoryGoesOnWhereItEnded() async throws {
    var added: [ServerSentEvent] = []
    for round in 1...5 {
      let repository = try open()
      #expect(try await repository.held() == added)
      for number in 1...3 {
        var event = try ServerSentEvent(
          data: "\(round)\n\(number)", type: EventType("t\(number)"), reconnectionTime: .milliseconds(number))
        event.id = try await repository.append([event], to: "a")[0]
        added.append(event)
      }
      #expect(try await repository.held(after: added[0].id) == Array(added[1...]))
      await repository.close()
    }
    let epochs = Set(added.map { $0.id!.rawValue.split(separator: "-")[0] })
    #expect(epochs.count == 5, "each time in which the file is open has its own")
    #expect(added.map { $0.id!.rawValue.split(separator: "-")[1] } == (1...15).map { "\($0)" })
  }

  @Test func anIDOfAnotherFileIsUnknown() async throws {
    let first = try open()
    let id = try await first.append([ServerSentEvent(data: "x")], to: "a")[0]
    await first.close()
    let second = try SQLiteEventRepository(path: folder.file("other.db"), configuration: .test())
    _ = try await second.append([ServerSentEvent(data: "x"), ServerSentEvent(data: "y")], to: "a")
    #expect(try await second.events(for: ReplayRequest(channel: "a", lastEventID: id)) == .unknownID)
    await second.close()
  }

  @Test func theLastNumberIsRememberedWhenNothingIsHeld() async throws {
    let time = Mutex<Int64>(1_000_000)
    var ids: [EventID] = []
    for _ in 1...3 {
      let repository = try SQLiteEventRepository(
        path: folder.file(), configuration: .test { $0.retention.maximumAge = .seconds(1) },
        clock: { time.withLock { $0 } })
      ids += try await repository.append([ServerSentEvent(data: "x"), ServerSentEvent(data: "y")], to: "a")
      time.withLock { $0 += 2_000 }
      try await eventually { try await repository.held().isEmpty }
      #expect(try await repository.events(for: ReplayRequest(channel: "a", lastEventID: ids[0])) == .gap([]))
      #expect(try await repository.events(for: ReplayRequest(channel: "a", lastEventID: ids.last)) == .contiguous([]))
      await repository.close()
    }
    #expect(Set(ids).count == 6)
  }

  @Test func anIDThatComesAlongAndLooksLikeTheNextOneIsNotGivenAgainAfterARestart() async throws {
    let first = try open()
    let id = try await first.append([ServerSentEvent(data: "1")], to: "a")[0]
    let foreign = try EventID(id.rawValue.dropLast() + "3")
    _ = try await first.append([ServerSentEvent(data: "2", id: foreign)], to: "a")
    await first.close()
    let second = try open()
    let given = try await second.append([ServerSentEvent(data: "3"), ServerSentEvent(data: "4")], to: "a")
    #expect(!given.contains(foreign) && Set(given).count == 2)
    #expect(try await second.held(after: foreign).map(\.data) == ["3", "4"])
    #expect(try await second.held(after: given[0]).map(\.data) == ["4"])
    await second.close()
  }

  @Test func aReaderResumesAfterTheProgramWasRestarted() async throws {
    var last: EventID?
    for round in 0..<3 {
      let repository = try open()
      let hub = EventHub(channels: [])
      hub.setRepository(repository, for: "news")
      let stack = SimulatedStack(hub: hub)
      let handler = EventStreamHandler(hub)
      let reader = stack.connect(handler, SimulatedRequest(lastEventID: last?.rawValue), channels: ["news"])
      stack.run()
      for number in 0..<10 { try await hub.publish("\(round * 10 + number)", to: "news", waitingUntil: .stored) }
      // All readers except the first missed what was published after their last event.
      let expected = round == 0 ? Array(0..<10) : Array(((round - 1) * 10 + 5)..<(round * 10 + 10))
      try await eventually {
        stack.run()
        return Self.numbers(reader) == expected
      }
      last = try await repository.held(in: "news")[round * 10 + 4].id
      await repository.close()
    }
  }

  private static func numbers(_ reader: SimulatedStack.Connection) -> [Int] {
    reader.response.text.split(separator: "\n").filter { $0.hasPrefix("data: ") }.compactMap { Int($0.dropFirst(6)) }
  }
}
