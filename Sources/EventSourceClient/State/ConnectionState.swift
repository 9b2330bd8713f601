/// The state machine of a source. It performs no I/O and has neither a clock nor a source of randomness of its own.
struct ConnectionState {
  enum State: Hashable {
    case idle
    case connecting
    case open
    case waiting
    case closed
  }

  /// An occurrence that the machine reacts to.
  enum Input {
    case start
    /// The head of a stream has arrived.
    case accepted
    /// The stream delivered an event or a gap.
    case delivered
    /// A head has arrived that reports that nothing more will come.
    case finished
    /// The event that marks the end has arrived.
    case completed
    /// An attempt failed or a stream ended, and the decision has been made from the plan.
    case failed(SubscriptionError, EventSource.Configuration.Decision, Plan)
    /// The server specified the reconnection time.
    case reconnectionTime(Duration)
    case waited
    case restart
    case close
  }

  /// The next thing to do.
  indirect enum Action {
    /// Make an attempt with this number.
    case connect(Int)
    /// Report the stream to the reader.
    case open
    /// Report the wait to the reader, and wait.
    case wait(EventSource.Reconnection)
    /// Report the end to the reader, and end.
    case close(EventSource.CloseReason)
    case fail(SubscriptionError)
  }

  private(set) var state = State.idle
  private(set) var attempts = 0
  /// Whether there has been a stream.
  private(set) var hasBeenOpen = false
  private var hasDelivered = false
  /// Whether an error handler decided to continue although the plan was to stop.
  private var hasOverrun = false
  private var openedAt: Duration = .zero
  private var startedAt: Duration = .zero
  /// The number of 401 responses in a row.
  private var rejections = 0
  private var delay: ReconnectionDelay
  private let settings: ReconnectionDelay.Settings
  private var configuration: EventSource.Configuration { settings.configuration }
  private var random: any RandomNumberGenerator & Sendable

  init(_ configuration: EventSource.Configuration, random: any RandomNumberGenerator & Sendable) {
    self.init(ReconnectionDelay.Settings(configuration), random: random)
  }

  init(_ settings: ReconnectionDelay.Settings, random: any RandomNumberGenerator & Sendable) {
    self.settings = settings
    self.random = random
    delay = ReconnectionDelay(settings)
  }

  /// Returns the time left for the first connection. `nil` means no limit: none is configured, a stream was open
  /// before, or an error handler decided to continue beyond the limit.
  func timeLeft(at now: Duration) -> Duration? {
    guard !hasBeenOpen, !hasOverrun, case .retry(for: let limit?) = configuration.initialConnectionFailure else {
      return nil
    }
    return limit.clamped() - (now - startedAt)
  }

  /// The default decision after an error, and the wait before the next attempt.
  struct Plan {
    var suggestion: EventSource.Configuration.Decision
    var delay: Duration
    /// Whether a single response ended and the rest of it is available.
    var isResumable = false
  }

  /// Counts the end of an attempt or a stream, and plans what follows. Called once for each end.
  mutating func plan(
    for error: SubscriptionError, isFutile: Bool, atLeast minimum: Duration?, isResumable: Bool = false,
    at now: Duration
  ) -> Plan {
    let isIdle = !(state == .open && hasDelivered)
    let isStable = state == .open && now - openedAt >= configuration.backoffResetInterval
    if isIdle, error.code != .streamEnded, !isStable { delay.failed() } else { delay.succeeded() }
    rejections = error.status == 401 ? rejections + 1 : 0
    let wait = delay.next(isIdle: isIdle, atLeast: minimum, random: Double.random(in: 0...1, using: &random))
    let suggestion = suggestion(isFutile: isFutile, after: wait, isResumable: isResumable, at: now)
    return Plan(suggestion: suggestion, delay: wait, isResumable: isResumable)
  }

  private func suggestion(
    isFutile: Bool, after wait: Duration, isResumable: Bool, at now: Duration
  ) -> EventSource.Configuration.Decision {
    if let most = configuration.maximumFailedAttempts, delay.failures >= most { return .stop }
    // A request provider learns of the 401 and can supply a fresh request, once.
    if isFutile { return rejections == 1 && configuration.requestProvider != nil ? .reconnect : .stop }
    if hasBeenOpen { return configuration.mode == .singleResponse && !isResumable ? .stop : .reconnect }
    switch configuration.initialConnectionFailure {
    case .fail: return .stop
    case .retry: return timeLeft(at: now + wait).map { $0 > .zero } ?? true ? .reconnect : .stop
    }
  }

  /// Handles an input. Returns `nil` if there is nothing to do.
  mutating func take(_ input: Input, at now: Duration) -> Action? {
    switch (state, input) {
    case (.closed, _):
      return nil
    case (_, .close):
      state = .closed
      return .close(.byCaller)
    case (.idle, .start):
      startedAt = now
      return connect()
    case (.idle, _):
      return nil
    case (_, .reconnectionTime(let time)):
      delay.serverSaid(time)
      return nil
    case (.open, .delivered):
      hasDelivered = true
      return nil
    case (.connecting, .accepted):
      state = .open
      hasBeenOpen = true
      hasDelivered = false
      openedAt = now
      return .open
    case (.open, .completed):
      state = .closed
      return .close(.completed)
    case (.connecting, .finished):
      state = .closed
      return .close(.byServer)
    case (.connecting, .failed(let error, let decision, let plan)),
      (.open, .failed(let error, let decision, let plan)):
      return failed(error, decision, plan)
    case (.waiting, .waited):
      return connect()
    case (.connecting, .restart), (.open, .restart), (.waiting, .restart):
      state = .waiting
      return .wait(EventSource.Reconnection(attempt: attempts + 1, delay: .zero, error: nil))
    case (_, .start), (_, .accepted), (_, .delivered), (_, .finished), (_, .completed), (_, .failed),
      (_, .waited):
      return nil
    }
  }

  private mutating func connect() -> Action {
    state = .connecting
    attempts += 1
    return .connect(attempts)
  }

  private mutating func failed(
    _ error: SubscriptionError, _ decision: EventSource.Configuration.Decision, _ plan: Plan
  ) -> Action {
    if configuration.mode == .singleResponse, state == .open, error.code == .streamEnded, !plan.isResumable {
      state = .closed
      return .close(.completed)
    }
    var wait = plan.delay
    switch decision {
    case .stop:
      state = .closed
      return .fail(error)
    case .reconnect: break
    case .reconnectAfter(let time): wait = time.clamped()
    }
    if plan.suggestion == .stop { hasOverrun = true }
    state = .waiting
    return .wait(EventSource.Reconnection(attempt: attempts + 1, delay: wait, error: error))
  }
}
