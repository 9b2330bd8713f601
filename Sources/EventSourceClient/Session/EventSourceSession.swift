import Synchronization

internal import EventSourceFormat

/// The work of a source: makes one attempt after another, as ``ConnectionState`` decides, and hands over what it
/// receives.
///
/// Tasks do this one after the other. Each step that may wait for long has its own task, because a task keeps all
/// memory that it ever needed until it ends. All other code reaches them through `shared`, under its lock.
final class EventSourceSession: Sendable {
  struct Shared {
    var machine: ConnectionState
    /// The current attempt or wait, which a restart cancels.
    var step: Task<Void, Never>?
    var stepNumber = 0
    var task: Task<Void, Never>?
    var isRestarting = false
    /// The ID that the store holds. `nil` if it is unknown.
    var savedID: String?
    /// The save that the reader is waiting for.
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

  /// The ID that the store holds. `nil` if it is unknown.
  var savedID: String? {
    get { shared.withLock { $0.savedID } }
    set { shared.withLock { $0.savedID = newValue } }
  }

  /// The save that the reader is waiting for. ``close()`` abandons it.
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
      // Set under the lock: a save that begins concurrently either reads this flag or is in `shared.save`.
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

  // MARK: Tasks

  private func run() async {
    let reader = StreamReader(self, lastEventID: lastEventID)
    guard await begin(reader) else { return }
    await act(take(.start), reader)
  }

  /// Performs actions until an attempt begins. The attempt continues from there.
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

  /// Begins an attempt. Opening and reading are separate steps, so the memory for opening is freed before the stream is
  /// read.
  private func attempt(_ number: Int, _ reader: StreamReader) {
    // The calling task has nothing left to do. Releasing it frees its memory.
    shared.withLock { $0.task = nil }
    beginStep { [self] in
      switch await reader.open(number) {
      case .opened(let response): beginStep { [self] in end(await reader.read(response), reader) }
      case .ended(let outcome): end(outcome, reader)
      }
    }
  }

  /// Handles the end of an attempt. The next action runs in a new task, which has not been cancelled.
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
    // An interrupted attempt may have left parsed elements.
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

  /// Loads the last event ID. Returns `false` if loading failed and the source was closed.
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

  /// Reports a wait to the reader, and waits. Returns `false` if the source was closed.
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

  /// The way in which an attempt ended.
  indirect enum Outcome {
    case failed(SubscriptionError, isFutile: Bool, atLeast: Duration?)
    /// A single response broke, and the rest of it is available.
    case interrupted(SubscriptionError)
    /// The server reported that nothing more will come.
    case finished
    /// The event that marks the end has arrived.
    case completed
    case restarted
    /// ``EventSource/close()`` ended it and has informed the reader.
    case cutShort

    /// Whether it ends the source even if a restart was requested.
    var isEnd: Bool { if case .completed = self { true } else { false } }
  }

  @inline(never)
  private func decide(_ outcome: Outcome) async -> ConnectionState.Action? {
    switch outcome {
    case .finished: return take(.finished)
    case .completed: return take(.completed)
    // Whatever interrupted the attempt, the source continues unless it is closed.
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

  /// Runs a step that ``restart()`` and ``close()`` cancel. Returns `true` if a restart ended it or happened at the
  /// same time.
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

  /// Begins a step that ``restart()`` and ``close()`` cancel.
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

  /// Cancels a step, unless it has ended.
  func cancel(step number: Int) {
    shared.withLock { if $0.stepNumber == number { $0.step?.cancel() } }
  }

  /// The time left for the first connection. `nil` means no limit.
  var timeLeft: Duration? { shared.withLock { $0.machine.timeLeft(at: now) } }

  func log(
    _ level: EventSourceLogRecord.Level, _ message: StaticString,
    _ metadata: () -> [(name: String, value: String)] = { [] }
  ) {
    logger?(EventSourceLogRecord(level: level, message: message, metadata: metadata()))
  }
}

// Shown by tests when a source does not end.
extension EventSourceSession: CustomDebugStringConvertible {
  var debugDescription: String {
    let (state, step, hasStep, hasTask, isRestarting, isSaving) = shared.withLock {
      ($0.machine.state, $0.stepNumber, $0.step != nil, $0.task != nil, $0.isRestarting, $0.save != nil)
    }
    return "\(state), step \(step) \(hasStep), task \(hasTask), restarting \(isRestarting), saving \(isSaving), "
      + "closed by its caller \(wasClosedByCaller), \(handoff.debugDescription)"
  }
}
