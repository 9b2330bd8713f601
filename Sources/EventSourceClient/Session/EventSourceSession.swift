import Synchronization

internal import EventSourceFormat

/// A source's task: makes attempts one after the other, as ``ConnectionState`` says, and hands over what comes.
///
/// One task runs ``run()``; everything else reaches it through `shared`, under its lock.
final class EventSourceSession: Sendable {
  struct Shared {
    var machine: ConnectionState
    /// The attempt or the wait that is going on, to be cut short by a restart.
    var step: Task<Void, Never>?
    var stepNumber = 0
    var task: Task<Void, Never>?
    var isRestarting = false
    /// What the store holds; nil: it is not known.
    var savedID: String?
    /// The save that the reader waits for.
    var save: Abandonable<Void>?
    var logger: (@Sendable (EventSourceLogRecord) -> Void)?
  }

  let request: SubscriptionRequest
  let configuration: EventSource.Configuration
  let transport: any EventSourceTransport
  let handoff = Handoff()
  let delivery: Delivery
  private let shared: Mutex<Shared>
  private let isClosedByCaller = Atomic(false)
  private let begin: @Sendable () -> Duration

  init(
    _ request: SubscriptionRequest, _ configuration: EventSource.Configuration, _ transport: any EventSourceTransport
  ) {
    self.request = request
    self.configuration = configuration
    self.transport = transport
    shared = Mutex(
      Shared(
        machine: ConnectionState(configuration, random: SystemRandomNumberGenerator()),
        logger: configuration.logger))
    delivery = Delivery(lastEventID: Self.initialID(request, configuration))
    begin = Self.stopwatch(configuration.clock)
  }

  private static func initialID(_ request: SubscriptionRequest, _ configuration: EventSource.Configuration) -> String {
    if !configuration.lastEventID.isEmpty { return configuration.lastEventID }
    return request.headers.values(of: "Last-Event-ID").first ?? ""
  }

  private static func stopwatch<C: Clock>(_ clock: C) -> @Sendable () -> Duration where C.Duration == Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
  }

  var now: Duration { begin() }
  var state: ConnectionState.State { shared.withLock { $0.machine.state } }
  var wasClosedByCaller: Bool { isClosedByCaller.load(ordering: .relaxed) }
  var lastEventID: String { delivery.lastEventID }

  /// What the store holds; nil: it is not known.
  var savedID: String? {
    get { shared.withLock { $0.savedID } }
    set { shared.withLock { $0.savedID = newValue } }
  }

  /// The save that the reader waits for, which ``close()`` abandons.
  var pendingSave: Abandonable<Void>? {
    get { shared.withLock { $0.save } }
    set { shared.withLock { $0.save = newValue } }
  }

  var logger: (@Sendable (EventSourceLogRecord) -> Void)? {
    get { shared.withLock { $0.logger } }
    set { shared.withLock { $0.logger = newValue } }
  }

  /// Starts the task, once.
  func start() {
    shared.withLock { shared in
      guard shared.task == nil, shared.machine.state == .idle else { return }
      shared.task = Task { await self.run() }
    }
  }

  func close() {
    let (task, save, closed) = shared.withLock { shared in
      shared.step?.cancel()
      return (shared.task, shared.save, shared.machine.take(.close, at: now))
    }
    guard case .close(let closure)? = closed else { return }
    isClosedByCaller.store(true, ordering: .relaxed)
    handoff.close(with: [.closed(closure)])
    task?.cancel()
    save?.abandon()
  }

  func restart() {
    shared.withLock { shared in
      guard [.connecting, .open, .waiting].contains(shared.machine.state) else { return }
      shared.isRestarting = true
      shared.step?.cancel()
    }
  }

  func take(_ input: ConnectionState.Input) -> ConnectionState.Action? {
    shared.withLock { $0.machine.take(input, at: now) }
  }

  // MARK: The task

  // Its frame lives as long as the source. So what it calls is not inlined into it.
  private func run() async {
    let reader = StreamReader(self, lastEventID: lastEventID)
    guard await begin(reader) else { return }
    var action = take(.start)
    while let next = action {
      switch next {
      case .connect(let number):
        action = await attempt(number, reader)
      case .open:
        preconditionFailure("an attempt tells of its stream itself")
      case .wait(let reconnection):
        guard await wait(reconnection) else { return }
        action = take(.waited)
      case .close, .fail:
        return finish(next)
      }
    }
  }

  @inline(never)
  private func finish(_ action: ConnectionState.Action) {
    switch action {
    case .close(let closure): handoff.finish(with: [.closed(closure)])
    case .fail(let error):
      log(.error, "closed by an error") { [("error", "\(error)")] }
      handoff.finish(throwing: error)
    case .connect, .open, .wait: break
    }
  }

  /// Loads the last event ID. False: it cannot be loaded, and the source is closed.
  @inline(never)
  private func begin(_ reader: StreamReader) async -> Bool {
    do {
      if let id = try await loadID() {
        reader.begin(with: id)
        delivery.lastEventID = id
      }
      return true
    } catch {
      let error = SubscriptionError(.store, "the last event ID cannot be loaded", underlying: error)
      _ = take(.close)
      handoff.finish(throwing: error)
      return false
    }
  }

  @inline(never)
  private func attempt(_ number: Int, _ reader: StreamReader) async -> ConnectionState.Action? {
    let outcome = await connect(number, reader)
    // An attempt that was cut short may have left something.
    guard await reader.sendUnsent() else { return nil }
    let action = await decide(outcome)
    switch outcome {
    case .failed(let error, _, _), .interrupted(let error): reader.lastError = error
    case .finished, .completed, .restarted, .cutShort: reader.lastError = nil
    }
    return action
  }

  /// Tells the reader of a wait, and waits. False: the source was closed.
  @inline(never)
  private func wait(_ reconnection: EventSource.Reconnection) async -> Bool {
    log(.info, "reconnecting") { [("attempt", "\(reconnection.attempt)"), ("delay", "\(reconnection.delay)")] }
    guard await handoff.send([.reconnecting(reconnection)]) else { return false }
    guard reconnection.delay > .zero else { return true }
    await step { [delay = reconnection.delay, clock = configuration.clock] in try? await clock.sleep(for: delay) }
    return true
  }

  @inline(never)
  private func loadID() async throws -> String? {
    guard let store = configuration.lastEventIDStore else { return nil }
    let id = try await Abandonable().run { try await store.load() }
    savedID = id
    return id
  }

  /// How an attempt ended.
  indirect enum Outcome {
    case failed(SubscriptionError, isFutile: Bool, atLeast: Duration?)
    /// A single response broke, and the rest of it can be had.
    case interrupted(SubscriptionError)
    /// The server has nothing more.
    case finished
    /// The event came that is the end.
    case completed
    case restarted
    /// By ``EventSource/close()``, which has told the reader.
    case cutShort
  }

  @inline(never)
  private func decide(_ outcome: Outcome) async -> ConnectionState.Action? {
    switch outcome {
    case .cutShort: return nil
    case .finished: return take(.finished)
    case .completed: return take(.completed)
    case .restarted: return take(.restart)
    case .failed(let error, let isFutile, let minimum):
      return await decide(error, isFutile: isFutile, atLeast: minimum, isResumable: false)
    case .interrupted(let error):
      return await decide(error, isFutile: false, atLeast: nil, isResumable: true)
    }
  }

  @inline(never)
  private func decide(
    _ error: SubscriptionError, isFutile: Bool, atLeast minimum: Duration?, isResumable: Bool
  ) async -> ConnectionState.Action? {
    log(.warning, "the stream ended or was not opened") { [("error", "\(error)")] }
    let plan = shared.withLock {
      $0.machine.plan(for: error, isFutile: isFutile, atLeast: minimum, isResumable: isResumable, at: now)
    }
    let isEnd = configuration.mode == .singleResponse && error.code == .streamEnded && !isResumable
    guard !isEnd, let handler = configuration.errorHandler else {
      return take(.failed(error, plan.suggestion, plan))
    }
    let decision = Mutex<EventSource.Configuration.Decision?>(nil)
    let isRestarted = await step {
      let made = try? await Abandonable().run { await handler(error, plan.suggestion) }
      decision.withLock { $0 = made }
    }
    if isRestarted { return take(.restart) }
    return decision.withLock { $0 }.flatMap { take(.failed(error, $0, plan)) }
  }

  /// Makes an attempt, in a task that a restart can cancel.
  @inline(never)
  private func connect(_ number: Int, _ reader: StreamReader) async -> Outcome {
    let outcome = Mutex(Outcome.cutShort)
    let isRestarted = await step {
      let made = await reader.attempt(number)
      outcome.withLock { $0 = made }
    }
    return isRestarted ? .restarted : outcome.withLock { $0 }
  }

  /// Runs something that ``restart()`` and ``close()`` cut short; true: it ended by a restart, or beside one.
  @discardableResult
  @inline(never)
  private func step(_ body: @escaping @Sendable () async -> Void) async -> Bool {
    let task = shared.withLock { shared in
      shared.stepNumber += 1
      let task = Task { await body() }
      shared.step = task
      if shared.isRestarting || shared.machine.state == .closed { task.cancel() }
      return task
    }
    await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    return shared.withLock { shared in
      shared.step = nil
      defer { shared.isRestarting = false }
      return shared.isRestarting
    }
  }

  var stepNumber: Int { shared.withLock { $0.stepNumber } }

  /// Cuts a step short, unless it is over.
  func cancel(step number: Int) {
    shared.withLock { if $0.stepNumber == number { $0.step?.cancel() } }
  }

  /// The time that is left for the first connection; nil: there is no limit.
  var timeLeft: Duration? { shared.withLock { $0.machine.timeLeft(at: now) } }

  func log(
    _ level: EventSourceLogRecord.Level, _ message: StaticString,
    _ metadata: () -> [(name: String, value: String)] = { [] }
  ) {
    logger?(EventSourceLogRecord(level: level, message: message, metadata: metadata()))
  }
}
