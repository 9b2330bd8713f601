import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation
import Synchronization
import Testing

/// Tests that every wait ends, even while the disk does not respond: the writer waits at a gate.
@Suite(.timeLimit(.minutes(10))) struct WaitingTests {
  private let folder = try! TemporaryFolder()
  private let gate = Gate()

  private final class Counter: Sendable { let value = Atomic(0) }

  /// Returns a history whose writer passes the gate in each transaction.
  private func open(_ change: (inout SQLiteEventRepository.Configuration) -> Void = { _ in }) async throws
    -> SQLiteEventRepository
  {
    let gate = gate
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test(change),
      clock: {
        gate.pass()
        return 1
      })
    // The first search for events to evict. Without a maximum age there is no second one.
    try await gate.passage()
    return repository
  }

  private func add(_ data: String, to repository: SQLiteEventRepository) -> Task<[EventID], any Error> {
    Task { try await repository.append([ServerSentEvent(data: data)], to: "a") }
  }

  private func code(_ task: Task<[EventID], any Error>) async -> SQLiteHistoryError.Code? {
    if case .failure(let error) = await task.result { (error as? SQLiteHistoryError)?.code ?? .other } else { nil }
  }

  @Test func additionsEndInTimeAndSayWhatIsKnown() async throws {
    let repository = try await open { $0.additionTimeout = .seconds(2) }
    gate.close()
    let begun = add("begun", to: repository)
    try await gate.arrival()
    let waiting = (1...5).map { add("waiting \($0)", to: repository) }
    #expect(await code(begun) == .undecided)
    for task in waiting { #expect(await code(task) == .timedOut) }
    gate.open()
    try await eventually { try await repository.held().map(\.data) == ["begun"] }
    #expect(repository.waitingBytes == 0)
    _ = try await add("later", to: repository).value
    #expect(try await repository.held().map(\.data) == ["begun", "later"])
    await repository.close()
  }

  @Test func anAdditionThatWaitsEndsWhenItsTaskIsCanceledAndIsNotRecorded() async throws {
    let repository = try await open()
    gate.close()
    let begun = add("begun", to: repository)
    try await gate.arrival()
    let before = repository.waitingBytes
    let canceled = (1...500).map { add("canceled \($0)", to: repository) }
    let kept = add("kept", to: repository)
    try await eventually { repository.waitingBytes >= before + 501 * 300 }
    for task in canceled { task.cancel() }
    begun.cancel()
    for task in canceled { await #expect(throws: CancellationError.self) { try await task.value } }
    try await eventually { repository.waitingBytes < before + 2 * 1000 }
    gate.open()
    // An addition that has begun is not undone.
    for task in [begun, kept] { #expect(try await task.value.count == 1) }
    #expect(try await repository.held().map(\.data) == ["begun", "kept"])
    #expect(repository.waitingBytes == 0)
    await repository.close()
  }

  @Test func anAdditionWhoseTaskHasBeenCanceledIsNotRecorded() async throws {
    let repository = try await open()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await repository.append([ServerSentEvent(data: "x")], to: "a")
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await repository.held().isEmpty)
    await repository.close()
  }

  @Test func noMoreBytesWaitThanMay() async throws {
    let repository = try await open { $0.maximumWaitingBytes = 1 << 20 }
    let large = String(repeating: "x", count: 100_000)
    gate.close()
    let ended = Counter()
    let tasks = (1...100).map { _ in
      Task {
        defer { ended.value.add(1, ordering: .relaxed) }
        return try await repository.append([ServerSentEvent(data: large)], to: "a")
      }
    }
    try await gate.arrival()
    try await eventually { ended.value.load(ordering: .relaxed) == 90 }
    #expect((900_000...(1 << 20)).contains(repository.waitingBytes))
    gate.open()
    var refused = 0
    for task in tasks { if await code(task) == .overloaded { refused += 1 } }
    #expect(refused == 90)
    #expect(try await repository.held().count == 10)
    // An addition larger than the limit is accepted when it is alone.
    _ = try await add(String(repeating: "x", count: 2 << 20), to: repository).value
    await repository.close()
  }

  @Test func closingEndsWhileTheDiskDoesNotReturn() async throws {
    let repository = try await open { $0.additionTimeout = .seconds(2) }
    gate.close()
    let begun = add("begun", to: repository)
    try await gate.arrival()
    let bytes = repository.waitingBytes
    let waiting = add("waiting", to: repository)
    try await eventually { repository.waitingBytes > bytes }
    await repository.close()
    #expect(await code(begun) == .undecided)
    #expect(await code(waiting) == .timedOut)
    let late = add("late", to: repository)
    #expect(await code(late) == .closed)
    gate.open()
    await repository.close()
    let again = try await open()
    #expect(try await again.held().map(\.data) == ["begun"])
    await again.close()
  }

  @Test func closingDoesNotWaitForTheRetention() async throws {
    let large = try await open { $0.retention.maximumEvents = nil }
    for _ in 1...20 {
      _ = try await large.append((1...1000).map { ServerSentEvent(data: "\($0)") }, to: "a")
    }
    await large.close()
    gate.close()
    let small = try await open {
      $0.retention.maximumEvents = 10
      $0.additionTimeout = .milliseconds(50)
    }
    try await gate.arrival()
    // Meanwhile the first of twenty steps waits at the gate.
    await small.close()
    gate.open()
    try await eventually { !FileManager.default.fileExists(atPath: folder.file() + "-wal") }
    #expect(try RawDatabase(folder.file()).number("SELECT count(*) FROM event") > 15_000)
  }

  @Test func aQuestionEndsWhenItsTaskIsCanceledAlsoIfAnotherIsBeingAnswered() async throws {
    let repository = try await open { $0.connections = 1 }
    _ = try await repository.append((1...2000).map { ServerSentEvent(data: "\($0)") }, to: "a")
    for _ in 1...50 {
      let questions = (1...20).map { _ in Task { try await repository.held() } }
      for question in questions.dropLast() { question.cancel() }
      #expect(try await questions.last!.value.count == 2000)
      for question in questions { _ = await question.result }
    }
    await repository.close()
  }
}
