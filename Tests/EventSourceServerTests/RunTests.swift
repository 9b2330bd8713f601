import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests of runs: the calls of producers, the events that viewers receive, and what remains afterwards.
@Suite struct RunTests {
  private let executor = ManualTaskExecutor()

  private func make(
    _ change: (inout RunCollection.Configuration) -> Void = { _ in }, observer: (any RunObserver)? = nil
  ) -> (RunCollection, SimulatedStack) {
    let hub = EventHub(configuration: .test { $0.taskExecutor = executor })
    var configuration = RunCollection.Configuration()
    configuration.announcesID = false
    configuration.streams.openingComment = nil
    change(&configuration)
    let runs = RunCollection(hub, configuration: configuration, observer: observer)
    return (runs, SimulatedStack(hub: hub))
  }

  private func watch(
    _ run: Run, on stack: SimulatedStack, after id: String? = nil, room: Int = .max, accept: String? = nil
  ) -> SimulatedStack.Connection {
    var request = SimulatedRequest(lastEventID: id)
    if let accept { request.fields.append(HeaderField("Accept", accept)) }
    let viewer = stack.connect(run, request, room: room)
    stack.run()
    return viewer
  }

  private func block(_ run: Run, _ number: Int, _ data: String) -> String {
    "data: \(data)\nid: \(run.id)-\(number)\n\n"
  }

  private func end(_ run: Run, _ number: Int, _ outcome: String, _ rest: String = "") -> String {
    let data = "{\"run\":\"\(run.id)\",\"outcome\":\"\(outcome)\"\(rest)}"
    return "event: eventsource-end\ndata: \(data)\nid: \(run.id)-\(number)\n\n"
  }

  @Test func aViewerGetsARunFromItsBeginningToItsEndWheneverItComes() throws {
    let (runs, stack) = make()
    let run = try runs.start()
    let early = watch(run, on: stack)
    try run.write("a")
    stack.run()
    let middle = watch(run, on: stack)
    try run.write("b")
    try run.finish("c")
    let late = watch(run, on: stack)
    stack.run()
    let all = block(run, 1, "a") + block(run, 2, "b") + block(run, 3, "c") + end(run, 4, "finished")
    for viewer in [early, middle, late] {
      #expect(viewer.response.text == all)
      #expect(viewer.response.ending == .complete && viewer.isFinished)
    }
    #expect(runs.hub.statistics.streamsEnded[.runEnded] == 3)
  }

  @Test func aViewerThatReturnsGetsTheRestThenTheEndThen204() throws {
    let (runs, stack) = make()
    let run = try runs.start()
    for text in ["a", "b", "c"] { try run.write(text) }
    let rest = watch(run, on: stack, after: "\(run.id)-2")
    #expect(rest.response.text == block(run, 3, "c"))
    rest.disconnect()
    try run.finish()
    let again = watch(run, on: stack, after: "\(run.id)-3")
    #expect(again.response.text == end(run, 4, "finished") && again.response.ending == .complete)
    let done = watch(run, on: stack, after: "\(run.id)-4")
    #expect(done.response.head?.status == 204)
    let whole = watch(run, on: stack, after: "\(run.id)-0")
    #expect(whole.response.text.hasPrefix(block(run, 1, "a")) && whole.response.ending == .complete)
  }

  @Test func theResponseAfterTheEndIsConfigurable() throws {
    let (runs, stack) = make { $0.responseAfterEnd = EventStreamRejection(status: 410, reason: "you have it all") }
    let run = try runs.start()
    try run.finish()
    #expect(watch(run, on: stack, after: "\(run.id)-1").response.head?.status == 410)
    #expect(watch(run, on: stack).response.text == end(run, 1, "finished"))
  }

  @Test func anUnknownLastEventIDIsReportedAndTheWholeRunFollows() throws {
    let (runs, stack) = make { $0.streams.gapPolicy = .liveOnly }
    let run = try runs.start()
    try run.write("a")
    for id in ["elsewhere-1", "\(run.id)-7", "\(run.id)-01", "\(run.id)-"] {
      let viewer = watch(run, on: stack, after: id)
      #expect(viewer.response.text.hasPrefix("event: eventsource-gap\n"))
      #expect(viewer.response.text.hasSuffix(block(run, 1, "a")))
    }
  }

  @Test func aRunAnnouncesItsIDFirstUnlessConfiguredOtherwise() throws {
    let (runs, stack) = make { $0.announcesID = true }
    let run = try runs.start(id: "job.7_x~y-z")
    let viewer = watch(run, on: stack)
    #expect(
      viewer.response.text
        == "event: eventsource-run\ndata: {\"run\":\"job.7_x~y-z\"}\nid: job.7_x~y-z-1\n\n")
    #expect(run.channelName == "runs/job.7_x~y-z" && runs["job.7_x~y-z"] == run && runs["other"] == nil)
  }

  @Test func aFailedAStoppedAndAnOverlongRunTellTheirViewers() throws {
    let (runs, stack) = make { $0.maximumBytesPerRun = 1024 }
    let failed = try runs.start()
    let stopped = try runs.start()
    let overrun = try runs.start()
    let viewers = [failed, stopped, overrun].map { watch($0, on: stack) }
    #expect(failed.fail("no \"model\"") && !failed.fail("again"))
    #expect(stopped.stop(.requested(by: "anna")) && !stopped.stop())
    #expect(throws: RunError.byteLimit(limit: 1024)) { try overrun.write(String(repeating: "x", count: 1100)) }
    stack.run()
    #expect(viewers[0].response.text == end(failed, 1, "failed", ",\"error\":\"no \\\"model\\\"\""))
    #expect(
      viewers[1].response.text
        == end(stopped, 1, "stopped", ",\"reason\":\"requested\",\"error\":\"the run was stopped: requested\""))
    #expect(viewers[2].response.text.contains("\"reason\":\"byteLimit\""))
    #expect(viewers.allSatisfy { $0.response.ending == .complete })
    #expect(failed.outcome == .failed("no \"model\"") && stopped.stopRequest == .requested(by: "anna"))
  }

  @Test func nothingIsWrittenAfterTheEnd() throws {
    let (runs, stack) = make()
    let run = try runs.start()
    let viewer = watch(run, on: stack)
    run.stop()
    #expect(throws: RunError.ended(.stopped(.requested(by: nil)))) { try run.write("late") }
    #expect(throws: RunError.ended(.stopped(.requested(by: nil)))) { try run.finish("late") }
    #expect(throws: RunError.ended(.stopped(.requested(by: nil)))) { try run.finish() }
    stack.run()
    #expect(!viewer.response.text.contains("late"))
  }

  @Test func aProducerThatIsAskedToStopMayWriteItsLastEventsForATime() throws {
    let (runs, stack) = make { $0.stopGrace = .seconds(2) }
    let polite = try runs.start()
    let deaf = try runs.start()
    let viewers = [polite, deaf].map { watch($0, on: stack) }
    for run in [polite, deaf] {
      #expect(run.stop() && run.stopRequest == .requested(by: nil) && run.outcome == nil)
      try run.write("while stopping")
    }
    try polite.finish("the last word")
    stack.run()
    #expect(polite.outcome == .stopped(.requested(by: nil)))
    #expect(viewers[0].response.text.contains("the last word") && viewers[0].isFinished)
    #expect(!viewers[1].isFinished)
    stack.advance(by: .seconds(2))
    #expect(viewers[1].isFinished && deaf.outcome == .stopped(.requested(by: nil)))
  }

  @Test func aRunThatNobodyWatchesOrThatTakesTooLongIsStopped() throws {
    let (runs, stack) = make {
      $0.unwatchedLimit = .seconds(10)
      $0.maximumDuration = .seconds(100)
    }
    stack.clock.advance(by: .seconds(1000))
    let alone = try runs.start()
    let left = try runs.start()
    let watched = try runs.start()
    let viewer = watch(left, on: stack)
    let loyal = watch(watched, on: stack)
    // The lane had been asleep for a long time when the runs started.
    #expect(alone.outcome == nil)
    stack.advance(by: .seconds(9))
    #expect(alone.outcome == nil)
    stack.advance(by: .seconds(1))
    #expect(alone.outcome == .stopped(.unwatched))
    viewer.disconnect()
    stack.advance(by: .seconds(5))
    // A viewer that returns in time changes nothing.
    let again = watch(left, on: stack)
    stack.advance(by: .seconds(60))
    #expect(left.outcome == nil)
    again.disconnect()
    stack.advance(by: .seconds(10))
    #expect(left.outcome == .stopped(.unwatched))
    stack.advance(by: .seconds(20))
    #expect(watched.outcome == .stopped(.deadline) && loyal.response.text.contains("\"reason\":\"deadline\""))
  }

  @Test func aRunIsRetainedForItsTimeAndThenDiscarded() throws {
    let (runs, stack) = make { $0.retention = .seconds(60) }
    let before = runs.hub.statistics.retainedBytes
    let run = try runs.start()
    try run.write(String(repeating: "x", count: 10_000))
    try run.finish()
    stack.run()
    #expect(runs.statistics.retained == 1 && runs.statistics.bytes > 10_000)
    stack.advance(by: .seconds(59))
    let slow = watch(run, on: stack, room: 100)
    // A viewer that is receiving the rest keeps the run.
    stack.advance(by: .seconds(20))
    #expect(!run.isGone)
    slow.read()
    stack.run()
    #expect(slow.response.text.count > 10_000 && slow.response.ending == .complete)
    stack.advance(by: .seconds(1))
    #expect(run.isGone && runs[run.id] == nil)
    let statistics = runs.statistics
    #expect(statistics.started == 1 && statistics.ended == ["finished": 1] && statistics.bytes == 0)
    #expect(statistics.active == 0 && statistics.retained == 0)
    #expect(runs.hub.statistics.retainedBytes == before)
    #expect(watch(run, on: stack).response.head?.status == 404)
  }

  @Test func aSlowViewerGetsTheRestAtItsOwnPaceAfterTheEnd() throws {
    let (runs, stack) = make()
    let run = try runs.start()
    let slow = watch(run, on: stack, room: 5)
    for number in 0..<100 { try run.write("event \(number)") }
    try run.finish()
    stack.run()
    for _ in 0..<2000 where !slow.isFinished {
      slow.read(7)
      stack.advance(by: .milliseconds(100))
    }
    #expect(slow.response.ending == .complete)
    #expect(slow.response.text.hasSuffix(end(run, 101, "finished")))
  }

  @Test func theRunsMemoryIsBoundedAndTheFirstThatEndedGoesFirst() throws {
    let (runs, stack) = make { $0.memoryLimit = 64 << 10 }
    let text = String(repeating: "x", count: 7000)
    var ended: [Run] = []
    for _ in 0..<20 {
      let run = try runs.start()
      try run.write(text)
      try run.finish()
      stack.run()
      ended.append(run)
      #expect(runs.statistics.bytes <= 72 << 10)
    }
    #expect(ended[0].isGone && !ended[19].isGone)
    // Active runs are not discarded, so the next write finds no room.
    let active = (0..<20).compactMap { _ in try? runs.start() }
    var written = 0
    var refused = 0
    for run in active {
      do {
        try run.write(text)
        written += 1
      } catch RunError.overBudget {
        refused += 1
      }
    }
    #expect(written >= 7 && refused >= 10 && written + refused == 20)
    #expect(ended.allSatisfy(\.isGone) && active.allSatisfy { $0.outcome == nil })
  }

  @Test func anAwaitedWriteWaitsForMemoryAndEndsWhateverHappens() async throws {
    let (runs, stack) = make {
      $0.memoryLimit = 16 << 10
      $0.retention = .zero
      $0.writeTimeout = .seconds(5)
    }
    let big = try runs.start()
    try big.write(String(repeating: "x", count: 15_500))
    let results = Notes()
    func writer(_ run: Run, _ name: String) -> Task<Void, Never> {
      Task(executorPreference: executor) { [results] in
        do {
          try await run.write(String(repeating: "y", count: 2000), waitingUntil: .stored)
          results.add("\(name) wrote")
        } catch {
          results.add("\(name) \(error)")
        }
      }
    }
    let late = writer(try runs.start(), "late")
    settle(stack, executor)
    stack.advance(by: .seconds(5))
    settle(stack, executor)
    let stopped = try runs.start()
    let stoppedTask = writer(stopped, "stopped")
    let cancelled = writer(try runs.start(), "cancelled")
    let lucky = writer(try runs.start(), "lucky")
    settle(stack, executor)
    #expect(runs.statistics.waitingProducers == 3)
    stopped.stop()
    cancelled.cancel()
    settle(stack, executor)
    try big.finish()
    settle(stack, executor)
    for task in [late, stoppedTask, cancelled, lucky] { await task.value }
    #expect(
      Set(results.texts) == [
        "late \(RunError.overBudget(limit: 16 << 10))", "stopped \(RunError.ended(.stopped(.requested(by: nil))))",
        "cancelled CancellationError()", "lucky wrote",
      ])
    #expect(runs.statistics.waitingProducers == 0)
  }

  @Test func aProducerFunctionFinishesFailsAndIsCancelled() throws {
    let (runs, stack) = make()
    struct Failure: Error {}
    let finished = try runs.start { run in try run.write("a") }
    let failed = try runs.start { _ in throw Failure() }
    let stopped = try runs.start { run in
      while !Task.isCancelled { await Task.yield() }
      #expect(throws: (any Error).self) { try run.write("late") }
    }
    let viewers = [finished, failed, stopped].map { watch($0, on: stack) }
    for _ in 0..<20 { executor.runNext() }
    stopped.stop()
    settle(stack, executor)
    #expect(finished.outcome == .finished && failed.outcome == .failed("the producer failed"))
    #expect(stopped.outcome == .stopped(.requested(by: nil)))
    #expect(viewers.allSatisfy { $0.response.ending == .complete })
  }

  @Test func callersWaitingForTheEndOrAStopAreResumed() throws {
    let (runs, stack) = make { $0.stopGrace = .seconds(1) }
    let run = try runs.start()
    let told = Notes()
    Task(executorPreference: executor) { [run] in
      let reason = try await run.stopRequested()
      told.add("asked \(reason?.name ?? "nobody")")
      let outcome = try await run.ended()
      told.add("ended \(outcome.name)")
    }
    let impatient = Task(executorPreference: executor) { [run] in
      do { try await run.ended() } catch { told.add("\(error)") }
    }
    settle(stack, executor)
    impatient.cancel()
    settle(stack, executor)
    run.stop()
    settle(stack, executor)
    #expect(told.texts == ["CancellationError()", "asked requested"])
    stack.advance(by: .seconds(1))
    settle(stack, executor)
    #expect(told.texts.last == "ended stopped")
  }

  @Test func anObserverIsNotifiedOfViewersStopsAndEnds() throws {
    final class Recorder: RunObserver {
      let told = Mutex<[String]>([])
      func runChanged(_ change: RunChange) async {
        let text =
          switch change {
          case .began: "began"
          case .viewerJoined(_, let viewers): "+\(viewers)"
          case .viewerLeft(_, let viewers): "-\(viewers)"
          case .stopRequested(_, let reason): "stop \(reason)"
          case .ended(_, let outcome): "ended \(outcome.name)"
          case .discarded: "discarded"
          }
        told.withLock { $0.append(text) }
      }
    }
    let recorder = Recorder()
    let (runs, stack) = make({ $0.retention = .seconds(1) }, observer: recorder)
    let run = try runs.start()
    let first = watch(run, on: stack)
    _ = watch(run, on: stack)
    first.disconnect()
    run.stop(.requested(by: "anna"))
    settle(stack, executor)
    stack.advance(by: .seconds(1))
    settle(stack, executor)
    #expect(
      recorder.told.withLock { $0 } == [
        "began", "+1", "+2", "-1", "stop requested(by: Optional(\"anna\"))", "ended stopped", "-0", "discarded",
      ])
  }

  @Test func aClientThatAcceptsNoEventStreamGetsJSONLinesAtTheEnd() throws {
    let (runs, stack) = make()
    let run = try runs.start()
    let viewer = watch(run, on: stack, room: 50, accept: "application/json")
    try run.write(ServerSentEvent(data: "one\n\"two\"", type: "note"))
    try run.write(String(repeating: "x", count: 30_000))
    stack.run()
    #expect(viewer.response.head == nil && run.viewerCount == 1)
    try run.finish()
    stack.run()
    #expect(viewer.response.head?.fields.values(of: "Content-Type") == ["application/jsonl"])
    for _ in 0..<100 where !viewer.isFinished {
      viewer.read(1000)
      stack.run()
    }
    let lines = viewer.response.text.split(separator: "\n")
    #expect(viewer.response.ending == .complete && lines.count == 3)
    #expect(lines[0] == "{\"id\":\"\(run.id)-1\",\"type\":\"note\",\"data\":\"one\\u000a\\\"two\\\"\"}")
    #expect(lines[2].contains("\"type\":\"eventsource-end\""))
    let late = watch(run, on: stack, after: "\(run.id)-2", accept: "text/html")
    #expect(late.response.text.split(separator: "\n").count == 1 && late.isFinished)
  }

  @Test func jsonLinesCanBeRefused() throws {
    let (runs, stack) = make { $0.withoutEventStreams = .rejected }
    let run = try runs.start()
    #expect(watch(run, on: stack, accept: "application/json").response.head?.status == 406)
    #expect(watch(run, on: stack, accept: "*/*").response.head?.status == 200)
    let (others, otherStack) = make { $0.withoutEventStreams = .eventStream }
    let other = watch(try others.start(), on: otherStack, accept: "application/json")
    #expect(other.response.head?.fields.values(of: "Content-Type") == ["text/event-stream; charset=utf-8"])
  }

  @Test func invalidIDsAndTooManyRunsAreRefused() throws {
    let (runs, stack) = make { $0.maximumRuns = 2 }
    let first = try runs.start(id: "a")
    _ = try runs.start(id: "b")
    #expect(throws: RunError.tooManyRuns(limit: 2)) { try runs.start() }
    #expect(throws: RunError.idInUse("a")) { try runs.start(id: "a") }
    for id in ["", "a/b", "ä", String(repeating: "x", count: 129)] {
      #expect(throws: RunError.invalidID(id)) { try runs.start(id: id) }
    }
    try first.finish()
    stack.run()
    _ = try runs.start(id: "c")
    #expect(first.isGone && runs.statistics.active == 2)
  }

  @Test func runsAreNotChannelsOfTheirHub() throws {
    let (runs, stack) = make()
    let run = try runs.start(id: "x")
    try run.write("secret")
    let handler = EventStreamHandler(runs.hub, configuration: .with { $0.replaysToNewReaders = true })
    let stranger = stack.connect(handler, channels: ["runs/x"])
    stack.run()
    #expect(stranger.response.head?.status == 404)
    #expect(throws: PublishError.self) { try runs.hub.publish("forged", to: "runs/x") }
    #expect(throws: RunError.generatedID("x-7")) { try run.write(ServerSentEvent(data: "", id: EventID("x-7"))) }
    try run.write(ServerSentEvent(data: "own", id: EventID("mine")))
    #expect(watch(run, on: stack, after: "mine").response.text == "")
  }

  @Test func closingEndsEveryRunAndTellsTheViewers() throws {
    for closesHub in [true, false] {
      let (runs, stack) = make()
      let before = runs.hub.statistics.retainedBytes
      let run = try runs.start()
      let viewer = watch(run, on: stack)
      try run.write("a")
      if closesHub { runs.hub.close() } else { runs.close() }
      stack.run()
      #expect(viewer.response.text.hasPrefix(block(run, 1, "a")) && viewer.isFinished)
      #expect(viewer.response.text.contains("\"reason\":\"closed\""))
      #expect(throws: RunError.closed) { try runs.start() }
      #expect(runs.statistics.bytes == 0 && runs.hub.statistics.retainedBytes == before)
    }
  }

  @Test func aCollectionThatIsReleasedEndsItsRuns() throws {
    let hub = EventHub(configuration: .test)
    let stack = SimulatedStack(hub: hub)
    var runs: RunCollection? = RunCollection(hub)
    weak let store = runs
    var run = try runs?.start()
    let viewer = stack.connect(try #require(run))
    stack.run()
    runs = nil
    #expect(store != nil)
    run = nil
    #expect(store == nil)
    stack.run()
    #expect(viewer.isFinished && viewer.response.text.contains("\"reason\":\"closed\""))
    #expect(hub.statistics.readers == 0)
  }

  @Test func manyFinishedRunsLeaveNothing() throws {
    let (runs, stack) = make { $0.retention = .seconds(1) }
    let before = runs.hub.statistics.retainedBytes
    for _ in 0..<100 {
      for _ in 0..<50 {
        let run = try runs.start()
        let viewer = watch(run, on: stack)
        try run.write("a")
        try run.finish()
        stack.run()
        #expect(viewer.isFinished)
      }
      stack.advance(by: .seconds(1))
      #expect(runs.statistics.retained == 0 && runs.statistics.bytes == 0)
    }
    #expect(runs.hub.statistics.retainedBytes == before && stack.run() == nil)
  }
}

/// Texts recorded by tasks.
private final class Notes: Sendable {
  private let noted = Mutex<[String]>([])

  var texts: [String] { noted.withLock { $0 } }

  func add(_ text: String) { noted.withLock { $0.append(text) } }
}
