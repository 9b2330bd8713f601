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
    /// The last event ID that the reader was given, and the one that the next attempt sends.
    var deliveredID: String
    var isRestarting = false
  }

  let request: EventSourceRequest
  let configuration: EventSource.Configuration
  let transport: any EventSourceTransport
  let handoff = Handoff()
  private let shared: Mutex<Shared>
  private let isClosedByCaller = Atomic(false)
  private let begin: @Sendable () -> Duration

  init(_ request: EventSourceRequest, _ configuration: EventSource.Configuration, _ transport: any EventSourceTransport)
  {
    self.request = request
    self.configuration = configuration
    self.transport = transport
    shared = Mutex(
      Shared(
        machine: ConnectionState(configuration, random: SystemRandomNumberGenerator()),
        deliveredID: configuration.lastEventID))
    begin = Self.stopwatch(configuration.clock)
  }

  private static func stopwatch<C: Clock>(_ clock: C) -> @Sendable () -> Duration where C.Duration == Duration {
    let start = clock.now
    return { start.duration(to: clock.now) }
  }

  var now: Duration { begin() }
  var state: ConnectionState.State { shared.withLock { $0.machine.state } }
  var wasClosedByCaller: Bool { isClosedByCaller.load(ordering: .relaxed) }
  var lastEventID: String { shared.withLock { $0.deliveredID } }

  func delivered(_ id: String) { shared.withLock { $0.deliveredID = id } }

  /// Starts the task, once.
  func start() {
    shared.withLock { shared in
      guard shared.task == nil, shared.machine.state == .idle else { return }
      shared.task = Task { await self.run() }
    }
  }

  func close() {
    let (task, closed) = shared.withLock { shared in
      (shared.task, shared.machine.take(.close, at: now))
    }
    guard case .close(let closure)? = closed else { return }
    isClosedByCaller.store(true, ordering: .relaxed)
    handoff.close(with: [.closed(closure)])
    task?.cancel()
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
    var reader = StreamReader(self, lastEventID: configuration.lastEventID)
    var lastError: SubscriptionError?
    do {
      if let id = try await configuration.lastEventIDStore?.load() {
        reader.begin(with: id)
        delivered(id)
      }
    } catch {
      let error = SubscriptionError(.store, "the last event ID cannot be loaded", underlying: error)
      _ = take(.close)
      return handoff.finish(throwing: error)
    }
    var action = take(.start)
    while let next = action {
      switch next {
      case .connect(let number):
        let attempt = EventSource.Configuration.Attempt(
          number: number, lastError: lastError, lastEventID: reader.lastEventID)
        let outcome = await connect(attempt, &reader)
        // An attempt that was cut short may have left something.
        guard await reader.sendUnsent() else { return }
        action = await decide(outcome)
        if case .failed(let error, _, _) = outcome { lastError = error } else { lastError = nil }
      case .open:
        preconditionFailure("an attempt tells of its stream itself")
      case .wait(let reconnection):
        log(.info, "reconnecting") {
          [("attempt", "\(reconnection.attempt)"), ("delay", "\(reconnection.delay)")]
        }
        guard await handoff.send([.reconnecting(reconnection)]) else { return }
        await wait(reconnection.delay)
        action = take(.waited)
      case .close(let closure):
        return handoff.finish(with: [.closed(closure)])
      case .fail(let error):
        log(.error, "closed by an error") { [("error", "\(error)")] }
        return handoff.finish(throwing: error)
      }
    }
  }

  /// How an attempt ended.
  enum Outcome {
    case failed(SubscriptionError, isFutile: Bool, atLeast: Duration?)
    case finished
    case restarted
    /// By ``EventSource/close()``, which has told the reader.
    case cutShort
  }

  private func decide(_ outcome: Outcome) async -> ConnectionState.Action? {
    switch outcome {
    case .cutShort: return nil
    case .finished: return take(.finished)
    case .restarted: return take(.restart)
    case .failed(let error, let isFutile, let minimum):
      log(.warning, "the stream ended or was not opened") { [("error", "\(error)")] }
      let suggestion = shared.withLock { $0.machine.suggestion(for: error, isFutile: isFutile, at: now) }
      let isEnd = configuration.mode == .response && error.code == .ended
      let decision = isEnd ? suggestion : await configuration.errorHandler?(error, suggestion) ?? suggestion
      return take(.failed(error, decision, atLeast: minimum))
    }
  }

  /// Makes an attempt, in a task that a restart can cancel.
  private func connect(_ attempt: EventSource.Configuration.Attempt, _ reader: inout StreamReader) async -> Outcome {
    let box = Mutex<(reader: StreamReader, outcome: Outcome)>((reader, .cutShort))
    let copy = reader
    await step {
      var reader = copy
      let outcome = await reader.attempt(attempt)
      box.withLock { $0 = (reader, outcome) }
    }
    reader = box.withLock { $0.reader }
    if shared.withLock({ shared in
      defer { shared.isRestarting = false }
      return shared.isRestarting
    }) {
      return .restarted
    }
    return box.withLock { $0.outcome }
  }

  private func wait(_ time: Duration) async {
    guard time > .zero else { return }
    let clock = configuration.clock
    await step { try? await clock.sleep(for: time) }
    shared.withLock { $0.isRestarting = false }
  }

  /// Runs something that ``restart()`` and ``close()`` cut short.
  private func step(_ body: @escaping @Sendable () async -> Void) async {
    let task = shared.withLock { shared in
      shared.stepNumber += 1
      let task = Task { await body() }
      shared.step = task
      if shared.isRestarting { task.cancel() }
      return task
    }
    await withTaskCancellationHandler {
      await task.value
    } onCancel: {
      task.cancel()
    }
    shared.withLock { $0.step = nil }
  }

  var stepNumber: Int { shared.withLock { $0.stepNumber } }

  /// Cuts a step short, unless it is over.
  func cancel(step number: Int) {
    shared.withLock { if $0.stepNumber == number { $0.step?.cancel() } }
  }

  func log(
    _ level: EventSourceLogRecord.Level, _ message: StaticString,
    _ metadata: () -> [(name: String, value: String)] = { [] }
  ) {
    configuration.logger?(EventSourceLogRecord(level: level, message: message, metadata: metadata()))
  }
}
