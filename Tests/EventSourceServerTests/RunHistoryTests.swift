import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests of runs with a history that a later process reads.
@Suite struct RunHistoryTests {
  private let executor = ManualTaskExecutor()

  enum History: CaseIterable { case own, shared }

  private func make(_ history: History) -> any RecordingEventRepository {
    switch history {
    case .own: InMemoryEventRepository()
    case .shared: SimulatedSharedStore().makeNode()
    }
  }

  /// The runs of one process.
  private func process(with repository: any RecordingEventRepository) -> (RunHandler, SimulatedStack) {
    let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
    var configuration = RunCollection.Configuration()
    configuration.streams.openingComment = nil
    configuration.repository = repository
    let runs = RunCollection(hub, configuration: configuration)
    return (RunHandler(runs) { _ in try runs.start() }, SimulatedStack(hub: hub))
  }

  private func write(_ texts: [String], to run: Run, on stack: SimulatedStack) {
    let task = Task(executorPreference: executor) {
      for text in texts { try await run.write(text, waitingUntil: .stored) }
    }
    settle(stack, executor)
    withExtendedLifetime(task) {}
  }

  private func read(_ handler: RunHandler, _ stack: SimulatedStack, after id: String) -> SimulatedStack.Connection {
    let request = SimulatedRequest(method: "GET", target: "/runs/job", fields: [HeaderField("Last-Event-ID", id)])
    let viewer = stack.connect(handler, request, run: "job")
    settle(stack, executor)
    return viewer
  }

  @Test(arguments: History.allCases) func aRunOutlivesItsProcessAndIsInterruptedOnce(history: History) throws {
    let repository = make(history)
    let (first, firstStack) = process(with: repository)
    let run = try first.runs.start(id: "job")
    write(["a", "b", "c"], to: run, on: firstStack)
    let before = read(first, firstStack, after: "job-1")
    #expect(before.response.text == "data: a\nid: job-2\n\ndata: b\nid: job-3\n\ndata: c\nid: job-4\n\n")

    // The first process does nothing any more, as if it had been killed.
    let end = """
      event: eventsource-end
      data: {"run":"job","outcome":"interrupted","error":"the server ended before the run did"}
      id: job-5\n\n
      """
    for _ in 0..<2 {
      let (next, nextStack) = process(with: repository)
      let viewer = read(next, nextStack, after: "job-3")
      #expect(viewer.response.text == "data: c\nid: job-4\n\n" + end && viewer.response.ending == .complete)
      #expect(read(next, nextStack, after: "job-5").response.head?.status == 204)
      #expect(next.runs["job"]?.outcome == .interrupted)
    }
    withExtendedLifetime(first) {}
  }

  @Test(arguments: History.allCases) func aRunThatEndedIsReadFromItsHistory(history: History) throws {
    let repository = make(history)
    let (first, firstStack) = process(with: repository)
    let run = try first.runs.start(id: "job")
    write(["a"], to: run, on: firstStack)
    try run.finish("last")
    settle(firstStack, executor)
    let (next, nextStack) = process(with: repository)
    let viewer = read(next, nextStack, after: "job-2")
    #expect(viewer.response.text.hasPrefix("data: last\nid: job-3\n\nevent: eventsource-end\n"))
    #expect(viewer.response.text.contains("\"outcome\":\"finished\"") && viewer.response.ending == .complete)
    #expect(read(next, nextStack, after: "none").response.text.contains("id: job-1\n"))
  }

  /// A repository that can be made to fail.
  private final class Failing: RecordingEventRepository {
    struct Failure: Error {}

    let repository = InMemoryEventRepository()
    let isFailing = Mutex(false)

    func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
      if isFailing.withLock({ $0 }) { throw Failure() }
      return repository.append(events, to: channel)
    }

    func events(for request: ReplayRequest) async throws -> ReplayResult { repository.events(for: request) }
  }

  @Test func nothingFollowsAnEndThatCouldNotBeRecorded() async throws {
    let repository = Failing()
    let (first, firstStack) = process(with: repository)
    let run = try first.runs.start(id: "job")
    settle(firstStack, executor)
    repository.isFailing.withLock { $0 = true }
    // Both an event and the end have numbers that the history does not get.
    let writing = Task.immediate { try await run.write("lost", waitingUntil: .stored) }
    run.stop()
    settle(firstStack, executor)
    await #expect(throws: Failing.Failure.self) { try await writing.value }
    let viewer = read(first, firstStack, after: "job-1")
    #expect(viewer.response.text.hasSuffix("\nid: job-3-unrecorded\n\n") && !viewer.response.text.contains("lost"))

    repository.isFailing.withLock { $0 = false }
    let (next, nextStack) = process(with: repository)
    #expect(read(next, nextStack, after: "job-3-unrecorded").response.head?.status == 204)
    #expect(read(next, nextStack, after: "job-1").response.text.contains("\"outcome\":\"interrupted\""))
    withExtendedLifetime(first) {}
  }
}
