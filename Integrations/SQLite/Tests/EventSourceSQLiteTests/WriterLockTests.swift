import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation
import Testing

/// Tests of the rule that a history has one writer at a time.
@Suite(.timeLimit(.minutes(10))) struct WriterLockTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ name: String = "history.db", waiting limit: Duration = .zero) throws -> SQLiteEventRepository {
    try SQLiteEventRepository(path: folder.file(name), configuration: .test { $0.busyTimeout = limit })
  }

  private func refusal(of name: String = "history.db") throws -> String {
    let error = #expect(throws: SQLiteHistoryError.self) { try open(name) }
    #expect(error?.code == .busy)
    return error?.message ?? ""
  }

  @Test func aSecondWriterIsRefusedUntilTheFirstHasClosed() async throws {
    let first = try open()
    _ = try await first.append([ServerSentEvent(data: "1")], to: "a")
    #expect(try refusal().hasPrefix("this process has it open for writing already"))
    _ = try await first.append([ServerSentEvent(data: "2")], to: "a")
    await first.close()
    let second = try open()
    _ = try await second.append([ServerSentEvent(data: "3")], to: "a")
    #expect(try await second.held().map(\.data) == ["1", "2", "3"])
    await second.close()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["history.db"])
  }

  @Test func aWriterThatReplacesAnotherWaitsForItsEnd() async throws {
    let first = try open()
    let opened = Task.detached { [self] in
      let second = try open(waiting: .seconds(600))
      return try await second.append([ServerSentEvent(data: "2")], to: "a")
    }
    _ = try await first.append([ServerSentEvent(data: "1")], to: "a")
    await first.close()
    #expect(try await opened.value[0].rawValue.hasSuffix("-2"))
  }

  @Test func aWriterInAnotherProcessIsNamedAndItsLockEndsWithIt() async throws {
    let writer = try ChildProcess("write", folder.file(), "interval", "50")
    _ = writer.lines(atLeast: 1)
    let message = try refusal()
    #expect(message.firstMatch(of: /^process \d+ has it open for writing already/) != nil, "\(message)")
    writer.kill()
    await (try open()).close()
  }

  @Test func everyNameOfAFileHasOneLock() async throws {
    let first = try open()
    try FileManager.default.createSymbolicLink(atPath: folder.file("link.db"), withDestinationPath: folder.file())
    #expect(try refusal(of: "link.db").hasPrefix("this process"))
    await first.close()
  }

  @Test func writersThatRaceForAFileHaveItInTurn() async throws {
    // Each removes the lock's file, for which others are waiting.
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 1...4 {
        group.addTask {
          for _ in 1...25 {
            var repository: SQLiteEventRepository?
            try await eventually {
              repository = try? open()
              return repository != nil
            }
            _ = try await repository?.append([ServerSentEvent(data: "\(writer)")], to: "a")
            await repository?.close()
          }
        }
      }
      try await group.waitForAll()
    }
    let repository = try open()
    let numbers = try await repository.held().map { $0.id!.rawValue.split(separator: "-")[1] }
    #expect(numbers == (1...100).map { "\($0)" })
    await repository.close()
  }
}
