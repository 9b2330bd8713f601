import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// One schedule of two or three processes that share the history of their runs: each produces runs, viewers move
/// between them, and requests to stop come from any. Messages are lost, repeated and reordered, processes are cut off
/// and killed, and the store becomes silent and restarts.
// Sendable, because the scenario itself runs the jobs that use it, on its one thread.
final class SharedRunScenario: @unchecked Sendable {
  /// One process: a collection of runs, its access to the store, and a lane.
  private final class Process {
    let runs: RunCollection
    let handler: RunHandler
    let node: SimulatedSharedNode
    let stack: SimulatedStack
    let baseline: Int

    init(_ hub: EventHub.Configuration, _ configuration: RunCollection.Configuration, _ node: SimulatedSharedNode) {
      self.node = node
      var configuration = configuration
      configuration.repository = node
      runs = RunCollection(EventHub(configuration: hub), configuration: configuration)
      handler = RunHandler(runs) { _ in throw EventStreamRejection.forbidden }
      stack = SimulatedStack(hub: runs.hub)
      baseline = runs.hub.statistics.retainedBytes
    }
  }

  // Sendable, because it is used only from jobs that the test runs on its one thread.
  private final class Ledgers: @unchecked Sendable { var all: [SharedRunLedger] = [] }

  private struct WeakHub { weak var hub: EventHub? }

  private(set) var failures: [String] = []
  private(set) var steps = 0
  private let seed: UInt64
  private var random: SeededRandom
  private let executor = ManualTaskExecutor()
  private let store: SimulatedSharedStore
  private let known = Ledgers()
  private var configuration = RunCollection.Configuration()
  private var hub = EventHub.Configuration()
  private var processes: [Process] = []
  /// The hubs of all processes, also of those that were killed.
  private var hubs: [WeakHub] = []
  private var viewers: [SharedRunViewer] = []
  private var requests: [(connection: SimulatedStack.Connection, ledger: SharedRunLedger, process: Int)] = []

  init(seed: UInt64) {
    self.seed = seed
    random = SeededRandom(seed: seed)
    // Weak, because the runs that the ledgers refer to retain the store.
    store = SimulatedSharedStore(seed: seed) { [weak known] event, channel in
      known?.all.first { channel.rawValue == "runs/\($0.id)" }?.add(event)
    }
    hub.taskExecutor = executor
    hub.memoryLimit = 1 << 20
    hub.followLinger = [.zero, .seconds(1), .seconds(20)].randomElement(using: &random)!
    hub.staleLimit = [nil, .seconds(2)].randomElement(using: &random)!
    hub.recordingTimeout = .seconds(1 << 20)
    configuration.memoryLimit = Int.random(in: 32...96, using: &random) << 10
    configuration.maximumBytesPerRun = Int.random(in: 1024...8192, using: &random)
    configuration.retention = [.zero, .seconds(2), .seconds(20)].randomElement(using: &random)!
    configuration.stopGrace = [.zero, .zero, .seconds(1)].randomElement(using: &random)!
    configuration.unwatchedLimit = [nil, nil, .seconds(5)].randomElement(using: &random)!
    configuration.maximumDuration = [nil, .seconds(60)].randomElement(using: &random)!
    configuration.writeTimeout = .seconds(3)
    configuration.announcesID = Int.random(in: 0..<4, using: &random) > 0
    configuration.producerTimeout = .seconds(Int.random(in: 2...6, using: &random))
    configuration.streams.stallTimeout = .seconds(3)
    configuration.streams.heartbeatInterval = .seconds(1)
    for _ in 0..<Int.random(in: 2...3, using: &random) { processes.append(makeProcess()) }
  }

  private func makeProcess() -> Process {
    hub.seed = seed &+ UInt64(processes.count)
    let process = Process(hub, configuration, store.makeNode())
    hubs.append(WeakHub(hub: process.runs.hub))
    return process
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
    case 0..<6: begin()
    case 6..<30: for _ in 0..<Int.random(in: 1...4, using: &random) { write() }
    case 30..<32: live()?.run?.fail("no luck")
    case 32..<36: try? live()?.run?.finish()
    case 36..<41: stop()
    case 41..<42: stopAndFinish()
    case 42..<54: connect()
    case 54..<58: viewers.filter(\.isConnected).randomElement(using: &random)?.disconnect()
    case 58..<60: viewers.filter(\.isConnected).randomElement(using: &random)?.cut()
    case 60..<67: viewers.filter { !$0.isConnected && !$0.isDone }.randomElement(using: &random).map(reconnect)
    case 67..<71:
      viewers.filter(\.isConnected).randomElement(using: &random)?.read(Int.random(in: 1...400, using: &random))
    case 71..<75:
      let time = Duration.milliseconds(Int.random(in: 1...3000, using: &random))
      for process in processes { process.stack.advance(by: time) }
    case 75: processes.randomElement(using: &random)!.node.setCutOff(Bool.random(using: &random))
    case 76: processes.randomElement(using: &random)!.node.setSilent(Bool.random(using: &random))
    case 77: store.loseAnswers(Int.random(in: 1...3, using: &random))
    case 78: Bool.random(using: &random) ? store.restart() : store.lookAtTails()
    case 79: kill()
    case 80..<87: deliverSome()
    case 87..<95: for _ in 0..<Int.random(in: 1...20, using: &random) { runJob() }
    default: processes.randomElement(using: &random)!.stack.run()
    }
  }

  private func live() -> SharedRunLedger? {
    known.all.filter { $0.run?.outcome == nil && $0.run != nil }.randomElement(using: &random)
  }

  private func begin() {
    let home = processes.indices.randomElement(using: &random)!
    let id = "r\(known.all.count)"
    do {
      known.all.append(SharedRunLedger(try processes[home].runs.start(id: id), home: home))
    } catch {
      failures.append("starting threw \(error)")
    }
  }

  private func write() {
    guard let ledger = known.all.filter({ $0.run != nil && !$0.isWriting }).randomElement(using: &random),
      let run = ledger.run
    else { return }
    ledger.attempts += 1
    let event = "\(ledger.attempts) \(String(repeating: "x", count: Int.random(in: 0...200, using: &random)))"
    ledger.isWriting = true
    Task(executorPreference: executor) { [self] in
      do {
        let id = try await run.write(event, waitingUntil: .stored)
        if !ledger.events.contains(where: { $0.id == id && $0.data == event }) {
          failures.append("\(id.rawValue) was acknowledged and is not in the run")
        }
      } catch is RunError {
      } catch is PublishError {
      } catch is SimulatedSharedNode.Unreachable {
      } catch {
        failures.append("an awaited write threw \(error)")
      }
      ledger.isWriting = false
    }
  }

  private func stop() {
    guard let ledger = known.all.randomElement(using: &random) else { return }
    let number = processes.indices.randomElement(using: &random)!
    let request = SimulatedRequest(method: "DELETE", target: "/runs/\(ledger.id)")
    let connection = processes[number].stack.connect(processes[number].handler, request, run: ledger.id)
    requests.append((connection, ledger, number))
  }

  /// A stop elsewhere and a finish at the same moment have one outcome.
  private func stopAndFinish() {
    stop()
    if let ledger = requests.last?.ledger { try? ledger.run?.finish() }
  }

  private func connect() {
    guard let ledger = known.all.randomElement(using: &random) else { return }
    let viewer = SharedRunViewer(ledger)
    viewers.append(viewer)
    reconnect(viewer)
  }

  private func reconnect(_ viewer: SharedRunViewer) {
    let room = Bool.random(using: &random) ? Int.max : Int.random(in: 0...300, using: &random)
    let largestWrite = [Int.max, 1, 7, 64].randomElement(using: &random)!
    let number = processes.indices.randomElement(using: &random)!
    viewer.connect(
      processes[number].handler, at: number, processes[number].stack, room: room, largestWrite: largestWrite)
    if Bool.random(using: &random) { processes[number].stack.run() }
  }

  private func deliverSome() {
    for _ in 0..<Int.random(in: 1...6, using: &random) where store.messageCount > 0 {
      let index = Int.random(in: 0..<store.messageCount, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0: store.drop(at: index)
      case 1: store.deliver(at: index, keepingIt: true)
      case 2..<5: store.deliver(at: index)
      default: store.deliver()
      }
    }
  }

  private func runJob() {
    if executor.count > 0 { executor.runNext(at: Int.random(in: 0..<executor.count, using: &random)) }
    if Bool.random(using: &random) { processes.randomElement(using: &random)!.stack.run() }
  }

  /// Ends a process. Another one takes its place.
  private func kill() {
    let number = processes.indices.randomElement(using: &random)!
    let process = processes[number]
    process.node.setSilent(false)
    process.node.setCutOff(true)
    for viewer in viewers where viewer.isConnected && viewer.server == number { viewer.cut() }
    for ledger in known.all {
      if ledger.home == number { ledger.run = nil }
      // What it had promised to repeat is lost with it.
      if ledger.stopAcceptedBy == number { ledger.stopAcceptedBy = nil }
    }
    requests.removeAll { $0.process == number }
    process.stack.lane.close()
    processes[number] = makeProcess()
  }

  private func check() {
    for viewer in viewers {
      viewer.takeIn()
      failures += viewer.failures
    }
    requests.removeAll { request in
      switch request.connection.response.head?.status {
      case 202:
        request.ledger.stopAcceptedBy = request.process
        return true
      case 204, 404, 503: return true
      case nil: return false
      case let status?:
        failures.append("a request to stop got \(status)")
        return true
      }
    }
    for process in processes where process.runs.statistics.bytes > configuration.memoryLimit + 12 << 10 {
      failures.append("\(process.runs.statistics.bytes) bytes of \(configuration.memoryLimit)")
    }
  }

  private func runEverything() {
    repeat {
      executor.run()
      for process in processes { process.stack.run() }
      store.deliverAll()
      for process in processes { process.stack.run() }
    } while executor.count > 0 || store.messageCount > 0
  }

  /// Makes everything work, ends every run, makes every viewer read and reconnect, and continues until nothing changes.
  private func settle() {
    store.loseAnswers(0)
    for process in processes {
      process.node.setSilent(false)
      process.node.setCutOff(false)
    }
    runEverything()
    check()
    // A request that was accepted must end its run by itself.
    for ledger in known.all where ledger.stopAcceptedBy == nil { try? ledger.run?.finish() }
    for _ in 0..<6 {
      for viewer in viewers where !viewer.isDone {
        if viewer.isConnected {
          viewer.readOn()
        } else {
          let number = processes.indices.randomElement(using: &random)!
          viewer.connect(processes[number].handler, at: number, processes[number].stack)
        }
      }
      for _ in 0..<10 {
        store.lookAtTails()
        runEverything()
        for process in processes { process.stack.advance(by: .milliseconds(700)) }
      }
      runEverything()
      check()
    }
    for viewer in viewers { judge(viewer) }
    for ledger in known.all {
      if let run = ledger.run {
        if run.outcome == nil { failures.append("\(ledger.id) goes on, although it was stopped or finished") }
        if let end = ledger.end, let outcome = run.outcome?.name, end != outcome, !run.isGone {
          failures.append("\(ledger.id) has the outcome \(outcome) in its process and \(end) in the history")
        }
      }
      if ledger.isWriting { failures.append("a producer of \(ledger.id) waits for ever") }
    }
  }

  private func judge(_ viewer: SharedRunViewer) {
    let ledger = viewer.ledger
    if viewer.isConnected { failures.append("a viewer of \(ledger.id) still waits") }
    if !viewer.isDone { failures.append("a viewer of \(ledger.id) was not told that it has everything") }
    guard viewer.outcome != nil, !viewer.hasUnrecordedEnd else { return }
    if viewer.next != ledger.events.count {
      failures.append("a viewer of \(ledger.id) has \(viewer.next) events, the store \(ledger.events.count)")
    }
  }

  /// Lets the time of every run pass, and checks that nothing is left in any process.
  private func end() {
    for _ in 0..<3 {
      for process in processes { process.stack.advance(by: .seconds(60)) }
      runEverything()
    }
    check()
    for (number, process) in processes.enumerated() {
      let statistics = process.runs.statistics
      if statistics.active + statistics.retained + statistics.followed != 0 || statistics.bytes != 0
        || statistics.waitingProducers != 0
      {
        failures.append("runs are left in \(number): \(statistics)")
      }
      let hub = process.runs.hub.statistics
      if hub.readers != 0 { failures.append("\(hub.readers) readers are left in \(number)") }
      if hub.retainedBytes != process.baseline {
        failures.append("\(hub.retainedBytes - process.baseline) bytes are left in \(number)")
      }
      if hub.waitingPublications != 0 { failures.append("publications wait in \(number)") }
      if process.node.followedCount != 0 {
        failures.append("\(process.node.followedCount) channels are followed in \(number) for nobody")
      }
    }
    release()
  }

  /// Releases everything, and checks that nothing retains a hub.
  private func release() {
    viewers = []
    requests = []
    for ledger in known.all { ledger.run = nil }
    for process in processes { process.stack.lane.close() }
    let last = processes.map { ObjectIdentifier($0.runs.hub) }
    processes = []
    // Producers of killed processes may wait for memory or for the store.
    for hub in hubs.compactMap(\.hub) where !last.contains(ObjectIdentifier(hub)) { hub.close() }
    runEverything()
    let count = hubs.filter { $0.hub != nil }.count
    if count > 0 { failures.append("\(count) hubs that nobody uses are in memory") }
  }
}
