import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import EventSourceZlib

/// One schedule of runs: a collection, perhaps with a history, producers, viewers, and what each viewer must receive.
// Sendable, because the scenario itself runs the jobs that use it, on its one thread.
final class RunScenario: @unchecked Sendable {
  private(set) var failures: [String] = []
  /// The number of steps performed.
  private(set) var steps = 0
  private var random: SeededRandom
  private let executor = ManualTaskExecutor()
  private let history: RunScheduleHistory?
  private var configuration = RunCollection.Configuration()
  private let laneCount: Int
  private let seed: UInt64
  private var process: RunScheduleProcess!
  private var stacks: [SimulatedStack] = []
  private var baseline = 0
  private var ledgers: [RunLedger] = []
  private var viewers: [RunViewer] = []
  private var isQuiet = false
  /// Whether a viewer has received a compressed stream.
  var wasCompressed: Bool { viewers.contains { $0.hasDecoded } }

  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    history = Int.random(in: 0..<3, using: &random) == 0 ? RunScheduleHistory(seed: seed) : nil
    laneCount = Int.random(in: 1...3, using: &random)
    configuration.memoryLimit = Int.random(in: 16...96, using: &random) << 10
    configuration.maximumBytesPerRun = Int.random(in: 1024...8192, using: &random)
    configuration.maximumRuns = Int.random(in: 3...40, using: &random)
    configuration.retention = [.zero, .seconds(2), .seconds(20)].randomElement(using: &random)!
    configuration.stopGrace = [.zero, .zero, .seconds(1)].randomElement(using: &random)!
    configuration.unwatchedLimit = [nil, .seconds(5)].randomElement(using: &random)!
    configuration.maximumDuration = [nil, .seconds(30)].randomElement(using: &random)!
    configuration.writeTimeout = .seconds(3)
    configuration.announcesID = Bool.random(using: &random)
    configuration.streams.stallTimeout = .seconds(3)
    configuration.streams.heartbeatInterval = .seconds(1)
    // Not drawn, so that compression changes nothing else of a schedule.
    if seed / 8 % 2 == 1 {
      configuration.streams.compression = EventStreamCompression(
        try! ZlibCompressor(level: 1, windowBits: 9, memoryLevel: 1))
    }
    start()
  }

  private var runs: RunCollection { process.runs }

  private func start() {
    var hub = EventHub.Configuration()
    hub.seed = seed
    hub.taskExecutor = executor
    hub.memoryLimit = 1 << 20
    var own = configuration
    own.repository = history.map { RunScheduleRecorder($0) }
    process = RunScheduleProcess(hub, own)
    stacks = (0..<laneCount).map { index in
      let clock = ManualClock()
      clock.advance(by: .seconds(index * 1_000_000))
      return SimulatedStack(hub: process.runs.hub, clock: clock)
    }
    baseline = process.runs.hub.statistics.retainedBytes
  }

  /// Runs the schedule, or at most its first `most` steps.
  func run(steps most: Int = .max) {
    let count = Int.random(in: 20...150, using: &random)
    for _ in 0..<min(count, most) {
      steps += 1
      step()
      check()
    }
    settle()
    end()
  }

  private func step() {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<8: begin()
    case 8..<36: for _ in 0..<Int.random(in: 1...6, using: &random) { write() }
    case 36..<40: live()?.fail("no luck")
    case 40..<45: try? live()?.finish()
    case 45..<49: live()?.stop()
    case 49..<62: connect()
    case 62..<68: viewers.filter(\.isConnected).randomElement(using: &random)?.disconnect()
    case 68..<70: viewers.filter(\.isConnected).randomElement(using: &random)?.cut()
    case 70..<76: viewers.filter { !$0.isConnected && !$0.isDone }.randomElement(using: &random).map(reconnect)
    case 76..<84:
      viewers.filter(\.isConnected).randomElement(using: &random)?.read(Int.random(in: 1...400, using: &random))
    case 84..<87:
      for stack in stacks { stack.advance(by: .milliseconds(Int.random(in: 1...4000, using: &random))) }
    case 87..<88: if history != nil { kill() }
    case 88..<95: for _ in 0..<Int.random(in: 1...20, using: &random) { runJob() }
    default: stacks.randomElement(using: &random)!.run()
    }
  }

  private func live() -> Run? { ledgers.compactMap(\.run).filter { $0.outcome == nil }.randomElement(using: &random) }

  private func begin() {
    do {
      ledgers.append(RunLedger(try runs.start()))
    } catch RunError.tooManyRuns {
      return
    } catch {
      failures.append("starting threw \(error)")
    }
  }

  private func write() {
    guard let ledger = ledgers.filter({ $0.run != nil && !$0.isWriting }).randomElement(using: &random),
      let run = ledger.run
    else { return }
    let event = "\(ledger.written) \(String(repeating: "x", count: Int.random(in: 0...200, using: &random)))"
    if history == nil, Bool.random(using: &random) {
      let wasOver = run.outcome != nil
      do {
        try run.write(event)
        ledger.written += 1
        if wasOver { failures.append("a run that was over was written to") }
      } catch RunError.overBudget, RunError.byteLimit, RunError.ended {
        return
      } catch {
        failures.append("writing threw \(error)")
      }
      return
    }
    ledger.isWriting = true
    Task(executorPreference: executor) { [self] in
      do {
        try await run.write(event, waitingUntil: .stored)
        ledger.written += 1
      } catch RunError.overBudget, RunError.byteLimit, RunError.ended, RunError.closed, PublishError.closed {
      } catch is RunScheduleHistory.Failure {
      } catch {
        failures.append("an awaited write threw \(error)")
      }
      ledger.isWriting = false
    }
  }

  private func connect() {
    guard let ledger = ledgers.randomElement(using: &random) else { return }
    let viewer = RunViewer(ledger)
    viewers.append(viewer)
    reconnect(viewer)
  }

  private func reconnect(_ viewer: RunViewer) {
    let room = Bool.random(using: &random) ? Int.max : Int.random(in: 0...300, using: &random)
    let largestWrite = [Int.max, 1, 7, 64].randomElement(using: &random)!
    viewer.connect(process.handler, stacks.randomElement(using: &random)!, room: room, largestWrite: largestWrite) {
      [unowned self] in
      // Simulates other threads that write and stop while a lane delivers.
      guard !isQuiet, Int.random(in: 0..<10, using: &random) == 0 else { return }
      switch Int.random(in: 0..<8, using: &random) {
      case 0: viewer.ledger.run?.stop()
      case 1: try? viewer.ledger.run?.finish()
      default: write()
      }
    }
    // A stop at the same time as a resume.
    if Int.random(in: 0..<12, using: &random) == 0 { viewer.ledger.run?.stop() }
    if Bool.random(using: &random) { stacks.randomElement(using: &random)!.run() }
  }

  private func runJob() {
    if executor.count > 0 { executor.runNext(at: Int.random(in: 0..<executor.count, using: &random)) }
    if Bool.random(using: &random) { stacks.randomElement(using: &random)!.run() }
  }

  /// Ends the process. Another one takes over the history.
  private func kill() {
    for ledger in ledgers where ledger.run != nil {
      ledger.wasKilled = ledger.run?.outcome == nil
      ledger.run = nil
    }
    (process.runs.configuration.repository as? RunScheduleRecorder)?.isDead = true
    for viewer in viewers where viewer.isConnected { viewer.cut() }
    for stack in stacks { stack.lane.close() }
    start()
  }

  private func check() {
    for viewer in viewers {
      viewer.takeIn()
      failures += viewer.failures
    }
    if runs.statistics.bytes > configuration.memoryLimit + 12 << 10 {
      failures.append("\(runs.statistics.bytes) bytes of \(configuration.memoryLimit)")
    }
  }

  private func runEverything() {
    repeat {
      executor.run()
      for stack in stacks { stack.run() }
    } while executor.count > 0
  }

  /// Makes everything work, ends every run, makes every viewer read and reconnect, and continues until nothing changes.
  private func settle() {
    isQuiet = true
    history?.isHealthy = true
    runEverything()
    for ledger in ledgers { try? ledger.run?.finish() }
    for _ in 0..<6 {
      for viewer in viewers where !viewer.isDone {
        if viewer.isConnected {
          viewer.readOn()
        } else {
          viewer.connect(process.handler, stacks[0], room: .max, largestWrite: .max) {}
        }
      }
      runEverything()
      check()
    }
    for viewer in viewers {
      if viewer.isConnected { failures.append("a viewer of \(viewer.ledger.id) still waits") }
      if !viewer.isDone { failures.append("a viewer of \(viewer.ledger.id) was not told that it has everything") }
      guard let outcome = viewer.outcome else {
        // Only viewers that arrive too late may find that the run no longer exists.
        let isGone = viewer.ledger.run?.isGone ?? true
        let first = history?.events["runs/\(viewer.ledger.id)"]?.first?.id?.rawValue
        if !isGone || first == viewer.ledger.id + "-1" {
          failures.append(
            "a viewer of \(viewer.ledger.id) was told that it is not there: \(isGone) \(first ?? "no history")")
        }
        continue
      }
      if viewer.next < viewer.ledger.written {
        failures.append("a viewer has \(viewer.next) of \(viewer.ledger.written) events")
      }
      // Viewers that later read the history do not get an end that could not be recorded.
      let isUnrecorded = history != nil && outcome == "interrupted"
      if let run = viewer.ledger.run, run.outcome?.name != outcome, !isUnrecorded {
        failures.append("a viewer was told \(outcome), the run says \(run.outcome?.name ?? "nothing")")
      }
      if let events = history?.events["runs/\(viewer.ledger.id)"] {
        let count = events.filter { $0.type == nil }.count
        if viewer.next != count { failures.append("a viewer has \(viewer.next) events, the history \(count)") }
      }
    }
  }

  /// Lets the time of every run pass, and checks that nothing is left.
  private func end() {
    for _ in 0..<3 {
      for stack in stacks { stack.advance(by: .seconds(60)) }
      runEverything()
    }
    check()
    let statistics = runs.statistics
    if statistics.active + statistics.retained != 0 || statistics.bytes != 0 || statistics.waitingProducers != 0 {
      failures.append("runs are left: \(statistics)")
    }
    let hub = runs.hub.statistics
    if hub.readers != 0 { failures.append("\(hub.readers) readers are left") }
    if hub.streamsOpened != hub.streamsEnded.values.reduce(0, +) {
      failures.append("not every stream's end was counted")
    }
    if hub.retainedBytes != baseline { failures.append("\(hub.retainedBytes - baseline) bytes are left") }
    for ledger in ledgers where ledger.isWriting { failures.append("a producer of \(ledger.id) waits for ever") }
  }
}

/// A collection of runs and its handler.
final class RunScheduleProcess {
  let runs: RunCollection
  let handler: RunHandler

  init(_ hub: EventHub.Configuration, _ configuration: RunCollection.Configuration) {
    runs = RunCollection(EventHub(configuration: hub), configuration: configuration)
    handler = RunHandler(runs) { _ in throw EventStreamRejection.forbidden }
  }
}

/// A history that outlives processes.
// Sendable, because it is used only from jobs that the test runs on its one thread.
final class RunScheduleHistory: @unchecked Sendable {
  struct Failure: Error {}

  var events: [String: [ServerSentEvent]] = [:]
  var isHealthy = false
  var random: SeededRandom

  init(seed: UInt64) { random = SeededRandom(seed: seed &+ 99) }

  /// Lets other jobs run, and then fails at random.
  func hesitate() async throws {
    guard !isHealthy else { return }
    for _ in 0..<Int.random(in: 0...3, using: &random) { await Task.yield() }
    if Int.random(in: 0..<20, using: &random) == 0 { throw Failure() }
  }
}

/// The connection of one process to the history.
// Sendable, because it is used only from jobs that the test runs on its one thread.
final class RunScheduleRecorder: RecordingEventRepository, @unchecked Sendable {
  private let history: RunScheduleHistory
  var isDead = false

  init(_ history: RunScheduleHistory) { self.history = history }

  func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    try await history.hesitate()
    guard !isDead else { throw RunScheduleHistory.Failure() }
    history.events[channel.rawValue, default: []] += events
    try await Self.hesitateOnly(history)
    return events.compactMap(\.id)
  }

  private static func hesitateOnly(_ history: RunScheduleHistory) async throws {
    guard !history.isHealthy else { return }
    for _ in 0..<Int.random(in: 0...5, using: &history.random) { await Task.yield() }
  }

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    try await history.hesitate()
    guard !isDead else { throw RunScheduleHistory.Failure() }
    let events = history.events[request.channel.rawValue] ?? []
    let most = Int.random(in: 1...min(request.maximumEvents, 20), using: &history.random)
    guard let id = request.lastEventID else { return .contiguous(Array(events.prefix(most))) }
    guard let index = events.lastIndex(where: { $0.id == id }) else { return .unknownID }
    return .contiguous(Array(events[(index + 1)...].prefix(most)))
  }
}
