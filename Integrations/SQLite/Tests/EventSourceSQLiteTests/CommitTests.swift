import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation
import Synchronization
import Testing

/// Tests when and how additions are committed, and what happens to those that cannot be committed.
@Suite(.timeLimit(.minutes(10))) struct CommitTests {
  private let folder = try! TemporaryFolder()

  /// The repository reads the clock once per transaction.
  @Test func additionsThatWaitAreCommittedTogetherWhateverTheirChannels() async throws {
    let transactions = Mutex<Int64>(0)
    var configuration = SQLiteEventRepository.Configuration()
    configuration.busyTimeout = .seconds(300)
    configuration.additionTimeout = .seconds(300)
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: configuration,
      clock: {
        transactions.withLock {
          $0 += 1
          return $0
        }
      })
    _ = try await repository.append([ServerSentEvent(data: "first")], to: "first")
    let lock = try RawDatabase(folder.file())
    try lock.execute("BEGIN IMMEDIATE")
    let before = transactions.withLock { $0 }
    // They wait while another connection has the file locked.
    let additions = try (1...500).map { number in
      let channel = try ChannelName("channel \(number)")
      return Task { try await repository.append([ServerSentEvent(data: "\(number)")], to: channel) }
    }
    // The memory of each exceeds its data.
    try await eventually { repository.waitingBytes >= 500 * 300 }
    // A read is answered nevertheless.
    #expect(try await repository.held(in: "first").count == 1)
    try lock.execute("COMMIT")
    for addition in additions { #expect(try await addition.value.count == 1) }
    #expect(transactions.withLock { $0 } - before < 100)
    for number in 1...500 {
      #expect(try await repository.held(in: ChannelName("channel \(number)")).map(\.data) == ["\(number)"])
    }
    await repository.close()
  }

  @Test func aFileThatSomebodyKeepsLockedIsSaidAndAfterwardsItGoesOn() async throws {
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.busyTimeout = .milliseconds(20) })
    let hub = EventHub(channels: [])
    hub.setRepository(repository, for: "a")
    try await hub.publish("1", to: "a", waitingUntil: .stored)
    let lock = try RawDatabase(folder.file())
    try lock.execute("BEGIN IMMEDIATE")
    for _ in 1...3 {
      let error = await #expect(throws: SQLiteHistoryError.self) {
        try await hub.publish("lost", to: "a", waitingUntil: .stored)
      }
      #expect(error?.code == .busy)
      #expect(try await repository.held().count == 1)
    }
    try lock.execute("ROLLBACK")
    let id = try await hub.publish("2", to: "a", waitingUntil: .stored)
    #expect(id.rawValue.hasSuffix("-2"))
    #expect(try await repository.held().map(\.data) == ["1", "2"])
    #expect(hub.statistics.eventsPublished == 2)
    await repository.close()
  }

  @Test func twoWritersOfOneFileKeepOneHistory() async throws {
    let first = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    let second = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (name, repository) in [("first", first), ("second", second)] {
        group.addTask {
          for number in 1...300 {
            _ = try await repository.append([ServerSentEvent(data: "\(name) \(number)")], to: "a")
          }
        }
      }
      try await group.waitForAll()
    }
    let held = try await first.held()
    #expect(held.count == 600)
    #expect(held.map { $0.id!.rawValue.split(separator: "-")[1] } == (1...600).map { "\($0)" })
    #expect(held.filter { $0.data.hasPrefix("first") }.map(\.data) == (1...300).map { "first \($0)" })
    await first.close()
    await second.close()
  }

  @Test func theDiskIsFlushedWithinTheIntervalAlsoWhenNothingIsPublishedAnyMore() async throws {
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.durability = .interval(.milliseconds(30)) })
    let raw = try RawDatabase(folder.file())
    let before = try raw.number("SELECT flushes FROM history")
    try await eventually {
      // If a flush is already due, the addition itself is flushed and nothing else happens. Then others are added.
      for number in 1...2 { _ = try await repository.append([ServerSentEvent(data: "\(number)")], to: "a") }
      return try await happens(within: .seconds(1)) { try raw.number("SELECT flushes FROM history") > before }
    }
    await repository.close()
  }

  @Test func theLogIsCopiedBackAndWhatALongReaderMadeItGrowToIsGivenBack() async throws {
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.retention.maximumEvents = 100 })
    // A fifth of a megabyte.
    let batch = (1...20).map { _ in ServerSentEvent(data: String(repeating: "x", count: 10_000)) }
    func append(megabytes: Int) async throws -> Int {
      for _ in 0..<(megabytes * 5) { _ = try await repository.append(batch, to: "a") }
      return try FileManager.default.attributesOfItem(atPath: folder.file() + "-wal")[.size] as? Int ?? 0
    }
    #expect(try await append(megabytes: 30) < 24_000_000)
    let reader = try RawDatabase(folder.file())
    try reader.execute("BEGIN; SELECT * FROM channel")
    #expect(try await append(megabytes: 75) > 70_000_000)
    try reader.execute("COMMIT")
    #expect(try await append(megabytes: 5) <= 64 << 20)
    #expect(try await repository.held().count >= 100)
    await repository.close()
  }

  @Test func manyChannelsAreNoBurden() async throws {
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    let channels = try (1...10_000).map { try ChannelName("channel \($0)") }
    for round in 1...2 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for channel in channels {
          group.addTask { _ = try await repository.append([ServerSentEvent(data: "\(channel) \(round)")], to: channel) }
        }
        try await group.waitForAll()
      }
    }
    for channel in channels.shuffled().prefix(500) {
      #expect(try await repository.held(in: channel).map(\.data) == ["\(channel) 1", "\(channel) 2"])
    }
    #expect(try RawDatabase(folder.file()).number("SELECT count(*) FROM channel") == 10_000)
    await repository.close()
  }

  @Test func whatWaitsIsCommittedBeforeTheFileIsClosedAndLaterCallsFail() async throws {
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    let additions = (1...100).map { number in
      Task { try await repository.append([ServerSentEvent(data: "\(number)")], to: "a") }
    }
    _ = try await additions[0].value
    await repository.close()
    await repository.close()
    var acknowledged = 0
    for addition in additions {
      switch await addition.result {
      case .success: acknowledged += 1
      case .failure(let error): #expect((error as? SQLiteHistoryError)?.code == .closed)
      }
    }
    let late = await #expect(throws: SQLiteHistoryError.self) {
      try await repository.append([ServerSentEvent(data: "late")], to: "a")
    }
    #expect(late?.code == .closed)
    let question = await #expect(throws: SQLiteHistoryError.self) { try await repository.held() }
    #expect(question?.code == .closed)
    let again = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    #expect(try await again.held().count == acknowledged)
    await again.close()
  }

  @Test func aReconnectionTimeThatCannotBeSentIsRefused() async throws {
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    await #expect(throws: EventStreamFormatError.negativeReconnectionTime(.seconds(-1))) {
      try await repository.append([ServerSentEvent(data: "x", reconnectionTime: .seconds(-1))], to: "a")
    }
    #expect(try await repository.append([], to: "a") == [])
    await repository.close()
  }

  @Test func aReadOnlyHistoryIsNotRecordedIn() async throws {
    let writer = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    _ = try await writer.append([ServerSentEvent(data: "recorded")], to: "a")
    let reader = try SQLiteEventReader(path: folder.file())
    let hub = EventHub(channels: [])
    hub.setRepository(reader, for: "a")
    try hub.publish("live", to: "a")
    #expect(try await reader.held().map(\.data) == ["recorded"])
    _ = try await writer.append([ServerSentEvent(data: "later")], to: "a")
    #expect(try await reader.held().map(\.data) == ["recorded", "later"])
    await reader.close()
    let question = await #expect(throws: SQLiteHistoryError.self) { try await reader.held() }
    #expect(question?.code == .closed)
    await writer.close()
    // Also without the writer.
    let archive = try SQLiteEventReader(path: folder.file(), connections: 1)
    #expect(try await archive.held().count == 2)
    await archive.close()
  }

  @Test func aQuestionThatNobodyWaitsForIsNotAnswered() async throws {
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    _ = try await repository.append([ServerSentEvent(data: "x")], to: "a")
    let question = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await repository.held()
    }
    await #expect(throws: CancellationError.self) { try await question.value }
    await repository.close()
  }

  #if os(Linux)
    @Test func filesAreGivenBack() async throws {
      for isClosed in [true, false] {
        for _ in 1...5 {
          let repository = try SQLiteEventRepository(
            path: folder.file(), configuration: .test { $0.retention.maximumAge = .seconds(60) })
          _ = try await repository.append([ServerSentEvent(data: "x")], to: "a")
          let reader = try SQLiteEventReader(path: folder.file())
          #expect(try await !reader.held().isEmpty)
          await reader.close()
          #expect(openFiles() > 0)
          if isClosed { await repository.close() }
        }
        try await eventually { openFiles() == 0 }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["history.db"])
      }
    }

    /// Returns the number of this process's descriptors in the test's folder.
    private func openFiles() -> Int {
      let links = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
      return links.count { link in
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(link)"))?
          .hasPrefix(folder.path) ?? false
      }
    }
  #endif
}
