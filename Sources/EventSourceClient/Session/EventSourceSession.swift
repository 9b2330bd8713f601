import Synchronization

internal import EventSourceFormat

/// A source's task: makes attempts one after the other, as ``ConnectionState`` says, and hands over what comes.
///
/// One task after the other does this: each step that may wait for long has one of its own, because what a task once
/// needed it keeps until it ends. Everything else reaches them through `shared`, under its lock.
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
  private let settings: ReconnectionDelay.Settings
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
    settings = ReconnectionDelay.Settings(configuration)
    self.transport = transport
    shared = Mutex(
      Shared(
        machine: ConnectionState(settings, random: SystemRandomNumberGenerator()), logger: configuration.logger))
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

  var configuration: EventSource.Configuration { settings.configuration }
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
      let closed = shared.machine.take(.close, at: now)
      // Under the lock, so that a save that begins either sees this or is seen here.
      if closed != nil { isClosedByCaller.store(true, ordering: .relaxed) }
      return (shared.task, shared.save, closed)
    }
    guard case .close(let closure)? = closed else { return }
    handoff.close(with: .closed(closure))
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

  private func run() async {
    let reader = StreamReader(self, lastEventID: lastEventID)
    guard await begin(reader) else { return }
    await act(take(.start), reader)
  }

  /// Does one thing after the other until an attempt begins, which goes on from there.
  private func act(_ first: ConnectionState.Action?, _ reader: StreamReader) async {
    var action = first
    while let next = action {
      switch next {
      case .connect(let number):
        return attempt(number, reader)
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

  /// Begins an attempt; what opened the stream has been freed when it is read.
  private func attempt(_ number: Int, _ reader: StreamReader) {
    // The task that calls this has nothing more to do, and its memory is freed with it.
    shared.withLock { $0.task = nil }
    beginStep { [self] in
      switch await reader.open(number) {
      case .opened(let response): beginStep { [self] in end(await reader.read(response), reader) }
      case .ended(let outcome): end(outcome, reader)
      }
    }
  }

  /// Handles the end of an attempt. A new task, which has not been cancelled, takes the next action.
  @inline(never)
  private func end(_ outcome: Outcome, _ reader: StreamReader) {
    shared.withLock { shared in
      shared.step = nil
      let outcome = shared.isRestarting && !outcome.isEnd ? .restarted : outcome
      shared.isRestarting = false
      let task = Task { await self.conclude(outcome, reader) }
      shared.task = task
      if shared.machine.state == .closed { task.cancel() }
    }
  }

  @inline(never)
  private func conclude(_ outcome: Outcome, _ reader: StreamReader) async {
    // An attempt that was cut short may have left something.
    guard await reader.sendUnsent() else { return }
    let action = await decide(outcome)
    switch outcome {
    case .failed(let error, _, _), .interrupted(let error): reader.lastError = error
    case .finished, .completed, .restarted, .cutShort: reader.lastError = nil
    }
    await act(action, reader)
  }

  @inline(never)
  private func finish(_ action: ConnectionState.Action) {
    switch action {
    case .close(let closure): handoff.finish(with: .closed(closure))
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

  /// Tells the reader of a wait, and waits. False: the source was closed.
  @inline(never)
  private func wait(_ reconnection: EventSource.Reconnection) async -> Bool {
    log(.info, "reconnecting") { [("attempt", "\(reconnection.attempt)"), ("delay", "\(reconnection.delay)")] }
    guard await handoff.send(ElementBatch([.reconnecting(reconnection)])) else { return false }
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

    /// Whether a restart comes too late: nothing is wanted any more.
    var isEnd: Bool { if case .completed = self { true } else { false } }
  }

  @inline(never)
  private func decide(_ outcome: Outcome) async -> ConnectionState.Action? {
    switch outcome {
    case .finished: return take(.finished)
    case .completed: return take(.completed)
    // Whatever cut it short: the source goes on, unless it is closed.
    case .restarted, .cutShort: return take(.restart)
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

  /// Runs something that ``restart()`` and ``close()`` cut short; true: it ended by a restart, or beside one.
  @discardableResult
  @inline(never)
  private func step(_ body: @escaping @Sendable () async -> Void) async -> Bool {
    let task = beginStep(body)
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

  /// Begins something that ``restart()`` and ``close()`` cut short.
  @discardableResult
  @inline(never)
  private func beginStep(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    shared.withLock { shared in
      shared.stepNumber += 1
      let task = Task { await body() }
      shared.step = task
      if shared.isRestarting || shared.machine.state == .closed { task.cancel() }
      return task
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

// What a test says of a source that does not end.
extension EventSourceSession: CustomDebugStringConvertible {
  var debugDescription: String {
    let (state, step, hasStep, hasTask, isRestarting, isSaving) = shared.withLock {
      ($0.machine.state, $0.stepNumber, $0.step != nil, $0.task != nil, $0.isRestarting, $0.save != nil)
    }
    return "\(state), step \(step) \(hasStep), task \(hasTask), restarting \(isRestarting), saving \(isSaving), "
      + "closed by its caller \(wasClosedByCaller), \(handoff.debugDescription)"
  }
}
