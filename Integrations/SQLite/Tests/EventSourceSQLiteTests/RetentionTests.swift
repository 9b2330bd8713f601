import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct RetentionTests {
  private let folder = try! TemporaryFolder()

  private func open(_ change: (inout SQLiteEventRepository.Configuration) -> Void) throws -> SQLiteEventRepository {
    try SQLiteEventRepository(path: folder.file(), configuration: .test(change))
  }

  private func size() throws -> Int {
    try FileManager.default.attributesOfItem(atPath: folder.file())[.size] as? Int ?? 0
  }

  @Test func noMoreEventsAreHeldThanMay() async throws {
    let repository = try open { $0.retention.maximumEvents = 100 }
    for number in 1...2_000 {
      _ = try await repository.append([ServerSentEvent(data: "\(number)")], to: "a")
      if number % 100 == 0 {
        let held = try await repository.held()
        #expect((100...113).contains(held.count) && held.last?.data == "\(number)", "\(held.count) at \(number)")
      }
    }
    await repository.close()
  }

  @Test func noMoreBytesAreHeldThanMayButForTheNewestEvent() async throws {
    let repository = try open { $0.retention.maximumBytes = 10_000 }
    for number in 1...500 {
      _ = try await repository.append([ServerSentEvent(data: String(repeating: "x", count: number))], to: "a")
      let bytes = try await repository.held().reduce(0) { $0 + $1.data.utf8.count }
      #expect(bytes <= 11_250)
    }
    _ = try await repository.append([ServerSentEvent(data: String(repeating: "x", count: 1_000_000))], to: "a")
    try await eventually { try await repository.held().map(\.data.utf8.count) == [1_000_000] }
    _ = try await repository.append([ServerSentEvent(data: "small")], to: "a")
    #expect(try await repository.held().map(\.data) == ["small"])
    await repository.close()
  }

  @Test func eventsThatAreTooOldGoAlsoWhereNothingIsPublished() async throws {
    let time = Mutex<Int64>(1_700_000_000_000)
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.retention.maximumAge = .seconds(1) },
      clock: { time.withLock { $0 } })
    for channel in 1...200 {
      _ = try await repository.append(
        (1...20).map { ServerSentEvent(data: "old \($0)") }, to: ChannelName("channel \(channel)"))
    }
    time.withLock { $0 += 900 }
    _ = try await repository.append([ServerSentEvent(data: "young")], to: "channel 7")
    time.withLock { $0 += 200 }
    for channel in 1...200 where channel != 7 {
      try await eventually { try await repository.held(in: ChannelName("channel \(channel)")).isEmpty }
    }
    #expect(try await repository.held(in: "channel 7").map(\.data) == ["young"])
    await repository.close()
  }

  @Test func aLowerLimitIsReachedLittleByLittleAndTheFileGetsSmaller() async throws {
    let large = try open { $0.retention.maximumEvents = nil }
    for channel in 1...5 {
      for _ in 1...4 {
        let events = (1...1_000).map { ServerSentEvent(data: String(repeating: "\($0) ", count: 100)) }
        _ = try await large.append(events, to: ChannelName("\(channel)"))
      }
    }
    await large.close()
    let before = try size()
    let small = try open { $0.retention.maximumEvents = 10 }
    for channel in 1...5 {
      try await eventually { try await small.held(in: ChannelName("\(channel)")).count == 10 }
    }
    try await eventually { try RawDatabase(folder.file()).number("PRAGMA freelist_count") <= 1_024 }
    await small.close()
    #expect(try size() < before / 2)
    #expect(try RawDatabase(folder.file()).value("PRAGMA integrity_check") == "ok")
  }

  @Test func roomIsUsedAgain() async throws {
    let repository = try open { $0.retention.maximumEvents = 200 }
    var sizes: [Int] = []
    for _ in 1...20 {
      for _ in 1...10 {
        _ = try await repository.append(
          (1...100).map { ServerSentEvent(data: String(repeating: "\($0)", count: 500)) }, to: "a")
      }
      sizes.append(try RawDatabase(folder.file()).number("PRAGMA page_count"))
    }
    #expect(sizes.last! <= sizes[4] + sizes[4] / 4, "\(sizes)")
    await repository.close()
  }

  @Test func aFileThatMayNotGrowIsFullAndGoesOnWhenItMay() async throws {
    let limited = try open {
      $0.retention.maximumEvents = nil
      $0.maximumFileBytes = 1 << 20
    }
    let hub = EventHub(channels: [])
    hub.setRepository(limited, for: "a")
    var published = 0
    let error = await #expect(throws: SQLiteHistoryError.self) {
      while true {
        try await hub.publish(String(repeating: "x", count: 10_000), to: "a", waitingUntil: .stored)
        published += 1
      }
    }
    #expect(error?.code == .full && error?.resultCode == 13)
    #expect((70...105).contains(published), "\(published) events of 10 kB were published in a mebibyte")
    // No reader received an event that the history does not have.
    #expect(hub.statistics.eventsPublished == published)
    #expect(try await limited.held().count == published)
    // A small event may or may not find room. The file stays intact either way.
    _ = try? await hub.publish("small", to: "a", waitingUntil: .stored)
    await limited.close()
    let larger = try open { $0.retention.maximumEvents = 10 }
    hub.setRepository(larger, for: "a")
    try await hub.publish("after", to: "a", waitingUntil: .stored)
    #expect(try await larger.held().last?.data == "after")
    await larger.close()
  }
}
