import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Testing

/// Tests of runs that one process produces and other processes serve, with a shared history.
@Suite struct RunSharingTests {
  private let executor = ManualTaskExecutor()
  private let store = SimulatedSharedStore()

  /// A process of the deployment.
  private final class Process {
    let node: SimulatedSharedNode
    let handler: RunHandler
    let stack: SimulatedStack
    var runs: RunCollection { handler.runs }

    init(
      _ store: SimulatedSharedStore, _ executor: ManualTaskExecutor,
      _ change: (inout RunCollection.Configuration) -> Void
    ) {
      node = store.makeNode()
      let hub = EventHub(
        configuration: .test {
          $0.taskExecutor = executor
          $0.followLinger = .seconds(5)
        })
      var configuration = RunCollection.Configuration()
      configuration.streams.openingComment = nil
      configuration.streams.heartbeatInterval = nil
      configuration.repository = node
      configuration.producerTimeout = .seconds(4)
      change(&configuration)
      let runs = RunCollection(hub, configuration: configuration)
      handler = RunHandler(runs) { _ in try runs.start(id: "job") }
      stack = SimulatedStack(hub: hub)
    }
  }

  private func processes(
    _ count: Int, _ change: (inout RunCollection.Configuration) -> Void = { _ in }
  ) -> [Process] {
    (0..<count).map { _ in Process(store, executor, change) }
  }

  /// Lets everything happen that does not need time. A process that is not named does nothing.
  private func settle(_ processes: [Process], delivering isDelivering: Bool = true) {
    repeat {
      executor.run()
      for process in processes { process.stack.run() }
      if isDelivering { store.deliverAll() }
      for process in processes { process.stack.run() }
    } while executor.count > 0 || (isDelivering && store.messageCount > 0)
  }

  private func pass(_ seconds: Int, _ processes: [Process]) {
    for _ in 0..<2 * seconds {
      for process in processes { process.stack.advance(by: .milliseconds(500)) }
      settle(processes)
    }
  }

  private func write(_ texts: [String], to run: Run) {
    Task(executorPreference: executor) {
      for text in texts { try await run.write(text, waitingUntil: .stored) }
    }
  }

  private func watch(_ process: Process, after id: String? = nil) -> SimulatedStack.Connection {
    process.stack.connect(process.handler, SimulatedRequest(lastEventID: id), run: "job")
  }

  private func stop(_ process: Process) -> SimulatedStack.Connection {
    process.stack.connect(process.handler, SimulatedRequest(method: "DELETE", target: "/runs/job"), run: "job")
  }

  private func checkThatNothingIsLeft(_ processes: [Process]) {
    pass(90, processes)
    for process in processes {
      let statistics = process.runs.statistics
      #expect(statistics.active + statistics.retained + statistics.followed == 0 && statistics.bytes == 0)
      #expect(process.node.followedCount == 0 && process.runs.hub.statistics.readers == 0)
    }
  }

  private let begin = "event: eventsource-run\ndata: {\"run\":\"job\"}\nid: job-1\n\n"
  private func end(_ number: String, _ rest: String) -> String {
    "event: eventsource-end\ndata: {\"run\":\"job\",\"outcome\":\(rest)}\nid: job-\(number)\n\n"
  }

  @Test func aRunIsWatchedFromItsBeginningToItsEndAtAnyProcess() throws {
    let all = processes(3)
    let run = try all[0].runs.start(id: "job")
    write(["a", "b"], to: run)
    settle(all)
    let viewer = watch(all[1])
    settle(all)
    #expect(viewer.response.text == begin + "data: a\nid: job-2\n\ndata: b\nid: job-3\n\n")
    #expect(all[1].runs.statistics.followed == 1 && all[1].runs.statistics.active == 0)
    write(["c"], to: run)
    settle(all)
    #expect(viewer.response.text.hasSuffix("data: c\nid: job-4\n\n"))
    // It loses its connection and returns to another process.
    viewer.disconnect()
    write(["d"], to: run)
    settle(all)
    let returned = watch(all[2], after: "job-4")
    settle(all)
    #expect(returned.response.text == "data: d\nid: job-5\n\n")
    try run.finish()
    settle(all)
    #expect(returned.response.text == "data: d\nid: job-5\n\n" + end("6", "\"finished\""))
    #expect(returned.response.ending == .complete)
    for process in all {
      let late = watch(process, after: "job-6")
      settle(all)
      #expect(late.response.head?.status == 204)
    }
    checkThatNothingIsLeft(all)
  }

  @Test func aStopAtAnyProcessReachesTheProducersProcess() throws {
    let all = processes(3)
    let run = try all[0].runs.start(id: "job")
    write(["a"], to: run)
    settle(all)
    let viewer = watch(all[2])
    settle(all)
    let first = stop(all[1])
    pass(1, all)
    #expect(first.response.head?.status == 202)
    #expect(run.outcome == .stopped(.requested(by: nil)))
    let last = end("3", "\"stopped\",\"reason\":\"requested\",\"error\":\"the run was stopped: requested\"")
    #expect(viewer.response.text == begin + "data: a\nid: job-2\n\n" + last)
    let second = stop(all[2])
    settle(all)
    #expect(second.response.head?.status == 204)
    checkThatNothingIsLeft(all)
  }

  @Test func aStopIsRepeatedUntilItArrives() throws {
    let all = processes(2)
    let run = try all[0].runs.start(id: "job")
    settle(all)
    // The producer's process does not get the first messages.
    all[0].node.setCutOff(true)
    let request = stop(all[1])
    settle(all)
    #expect(request.response.head?.status == 202 && run.outcome == nil)
    pass(2, all)
    all[0].node.setCutOff(false)
    pass(2, all)
    #expect(run.outcome == .stopped(.requested(by: nil)))
    checkThatNothingIsLeft(all)
  }

  @Test func aStopGets503WhileTheStoreCannotBeReached() throws {
    let all = processes(2)
    _ = try all[0].runs.start(id: "job")
    settle(all)
    all[1].node.setCutOff(true)
    let request = stop(all[1])
    settle(all)
    #expect(request.response.head?.status == 503)
  }

  @Test func viewersAreToldOfAProcessThatWasKilled() throws {
    let all = processes(3)
    let run = try all[0].runs.start(id: "job")
    write(["a"], to: run)
    settle(all)
    let viewers = [watch(all[1]), watch(all[2])]
    settle(all)
    // While it answers, a run may be quiet for any time.
    pass(20, all)
    #expect(viewers.allSatisfy { !$0.isFinished })
    // As if it had been killed: it gets no message and no time.
    all[0].node.setCutOff(true)
    let others = Array(all[1...])
    pass(7, others)
    let last = end("2-interrupted", "\"interrupted\",\"error\":\"the server ended before the run did\"")
    for viewer in viewers {
      #expect(viewer.response.text == begin + "data: a\nid: job-2\n\n" + last && viewer.response.ending == .complete)
    }
    let late = watch(all[1], after: "job-2-interrupted")
    settle(others)
    #expect(late.response.head?.status == 204)

    // It was only cut off. What it writes now belongs to no run, and its own viewers get the same end.
    let own = watch(all[0], after: "job-2")
    settle(all)
    all[0].node.setCutOff(false)
    write(["late"], to: run)
    settle(all)
    #expect(run.outcome == .interrupted && own.response.text == last)
    let again = watch(all[1], after: "job-2")
    settle(all)
    #expect(again.response.text == last)
    checkThatNothingIsLeft(all)
  }

  @Test func aProcessThatIsCutOffTakesNobodyForEnded() throws {
    let all = processes(2)
    let run = try all[0].runs.start(id: "job")
    settle(all)
    let viewer = watch(all[1])
    settle(all)
    all[1].node.setCutOff(true)
    pass(20, all)
    all[1].node.setCutOff(false)
    write(["a"], to: run)
    pass(1, all)
    #expect(run.outcome == nil && viewer.response.text == begin + "data: a\nid: job-2\n\n")
  }

  @Test func aViewerOfAProcessThatIsAheadGetsNothingTwice() throws {
    let all = processes(3)
    let run = try all[0].runs.start(id: "job")
    settle(all)
    let viewers = [watch(all[1]), watch(all[2])]
    settle(all)
    write(["a", "b"], to: run)
    // No message has been delivered: the others have neither event.
    settle(all, delivering: false)
    #expect(viewers.allSatisfy { $0.response.text == begin })
    let returned = watch(all[2], after: "job-3")
    settle(all, delivering: false)
    for process in all { process.stack.advance(by: .seconds(1)) }
    settle(all, delivering: false)
    #expect(returned.response.head?.status == 200 && returned.response.text == "")
    write(["c"], to: run)
    settle(all)
    #expect(returned.response.text == "data: c\nid: job-4\n\n")
    // An ID of no event gets the whole run.
    let other = watch(all[2], after: "job-99")
    settle(all)
    #expect(other.response.text.hasSuffix("data: c\nid: job-4\n\n") && other.response.text.contains("id: job-1\n"))
  }

  @Test func viewersOfOtherProcessesKeepARunFromBeingUnwatched() throws {
    let all = processes(2) { $0.unwatchedLimit = .seconds(3) }
    let run = try all[0].runs.start(id: "job")
    settle(all)
    let viewer = watch(all[1])
    pass(20, all)
    #expect(run.outcome == nil)
    viewer.disconnect()
    pass(8, all)
    #expect(run.outcome == .stopped(.unwatched))
    checkThatNothingIsLeft(all)
  }

  @Test func onlyTheProducersProcessWritesARun() async throws {
    let all = processes(2)
    _ = try all[0].runs.start(id: "job")
    settle(all)
    let task = Task(executorPreference: executor) { [runs = all[1].runs] in try await runs.find("job") }
    settle(all)
    let run = try #require(try await task.value)
    #expect(!run.isProducedHere && run.outcome == nil && all[0].runs["job"]?.isProducedHere == true)
    #expect(throws: RunError.producedElsewhere("job")) { try run.finish() }
    #expect(!run.fail("no") && run.stop() && !run.stop() && run.stopRequest == .requested(by: nil))
    pass(1, all)
    #expect(run.outcome == .stopped(.requested(by: nil)) && !run.stop())
  }

  @Test func aStopWithAGraceIsAnsweredUntilTheProducerHasStopped() throws {
    let all = processes(2) { $0.stopGrace = .seconds(30) }
    let run = try all[0].runs.start(id: "job")
    settle(all)
    let viewer = watch(all[1])
    _ = stop(all[1])
    pass(20, all)
    #expect(run.stopRequest == .requested(by: nil) && run.outcome == nil && !viewer.isFinished)
    try run.finish("last words")
    settle(all)
    #expect(viewer.response.text.contains("data: last words\n") && viewer.response.text.contains("\"stopped\""))
  }

  @Test func aRunWhoseHistoryLostAPartFails() throws {
    let all = processes(2)
    let run = try all[0].runs.start(id: "job")
    write(["a", "b", "c"], to: run)
    settle(all)
    let viewer = watch(all[0])
    settle(all)
    for _ in 0..<8 where store.count(in: "runs/job") > 3 { store.failOver(losing: 2) }
    write(["d"], to: run)
    settle(all)
    #expect(run.outcome == .failed("a part of its history was lost"))
    #expect(viewer.response.text.contains("data: d\n") && viewer.response.ending == .complete)
  }

  @Test func anEndWhoseRecordingSeemedToFailIsAlsoKnownByItsRecordedID() throws {
    let all = processes(2)
    let run = try all[0].runs.start(id: "job")
    settle(all)
    #expect(store.count(in: "runs/job") == 1)
    // The producer is cut off between the addition of the end and its reply.
    store.loseAnswers(1)
    try run.finish()
    while store.count(in: "runs/job") == 1 { executor.runNext(at: 0) }
    all[0].node.setCutOff(true)
    settle(all)
    all[0].node.setCutOff(false)
    let elsewhere = watch(all[1])
    settle(all)
    #expect(elsewhere.response.text == begin + end("2", "\"finished\""))
    // It has the end by the ID of the history, and the producer by another one.
    let returned = watch(all[0], after: "job-2")
    settle(all)
    #expect(returned.response.head?.status == 204)
    let fresh = watch(all[0])
    settle(all)
    #expect(fresh.response.text == begin + end("2-unrecorded", "\"finished\""))
    checkThatNothingIsLeft(all)
  }

  @Test func aViewerIsToldOfAGapBeforeAnUnrecordedEndOnlyIfEventsMayBeMissing() throws {
    let all = processes(2)
    let run = try all[0].runs.start(id: "job")
    settle(all)
    // The producer is cut off each time between the addition of an event and its reply, and then for its end.
    for (count, text) in [(2, "a"), (3, "b")] {
      store.loseAnswers(1)
      write([text], to: run)
      while store.count(in: "runs/job") < count { executor.runNext(at: 0) }
      all[0].node.setCutOff(true)
      settle(all)
      all[0].node.setCutOff(false)
    }
    all[0].node.setCutOff(true)
    try run.finish()
    settle(all)
    all[0].node.setCutOff(false)
    let elsewhere = watch(all[1])
    settle(all)
    #expect(elsewhere.response.text == begin + "data: a\nid: job-2\n\ndata: b\nid: job-3\n\n")
    // The end has the next number after "b", so nothing is missing. After "a", "b" is.
    let complete = watch(all[0], after: "job-3")
    let incomplete = watch(all[0], after: "job-2")
    settle(all)
    #expect(complete.response.text == end("4-unrecorded", "\"finished\""))
    #expect(incomplete.response.text.hasPrefix("event: eventsource-gap\n"))
    #expect(incomplete.response.text.hasSuffix("\n\n" + end("4-unrecorded", "\"finished\"")))
    checkThatNothingIsLeft(all)
  }

  @Test func aRunIsInTheHistoryBeforeItsLocationIsKnown() throws {
    let all = processes(2)
    let post = all[0].stack.connect(all[0].handler, SimulatedRequest(method: "POST", target: "/runs"), run: nil)
    while post.response.head == nil {
      executor.runNext(at: 0)
      all[0].stack.run()
    }
    #expect(store.count(in: "runs/job") == 1)
  }
}
