/// The course of a source: which input leads to what. No I/O, no clock, no randomness of its own.
struct ConnectionState {
  enum State: Hashable {
    case idle
    case connecting
    case open
    case waiting
    case closed
  }

  /// What happened.
  enum Input {
    case start
    /// A head came that is a stream's.
    case accepted
    /// A head came that says there is nothing more.
    case finished
    /// An attempt failed or a stream ended, and somebody has decided about it.
    case failed(SubscriptionError, EventSource.Configuration.Decision, atLeast: Duration?)
    /// The server said how long to wait.
    case reconnectionTime(Duration)
    case waited
    case restart
    case close
  }

  /// What is to be done.
  enum Action {
    /// Make an attempt of this number.
    case connect(Int)
    /// Tell who reads of the stream.
    case open
    /// Tell who reads, and wait.
    case wait(EventSource.Reconnection)
    /// Tell who reads, and end.
    case close(EventSource.Closure)
    case fail(SubscriptionError)
  }

  private(set) var state = State.idle
  private(set) var attempts = 0
  /// Whether there ever was a stream.
  private(set) var hasBeenOpen = false
  private var openedAt: Duration = .zero
  private var startedAt: Duration?
  private var delay: ReconnectionDelay
  private let configuration: EventSource.Configuration
  private var random: any RandomNumberGenerator & Sendable

  init(_ configuration: EventSource.Configuration, random: any RandomNumberGenerator & Sendable) {
    self.configuration = configuration
    self.random = random
    delay = ReconnectionDelay(configuration)
  }

  /// What an error leads to if nobody decides otherwise.
  func suggestion(for error: SubscriptionError, isFutile: Bool, at now: Duration) -> EventSource.Configuration.Decision
  {
    if isFutile || configuration.mode == .response { return .stop }
    if hasBeenOpen { return .reconnect }
    switch configuration.firstConnection {
    case .throwsError: return .stop
    case .retries(for: nil): return .reconnect
    case .retries(for: let limit?): return now - (startedAt ?? now) < limit ? .reconnect : .stop
    }
  }

  /// Takes an input; nil: it does not matter in this state.
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
    case (.connecting, .accepted):
      state = .open
      hasBeenOpen = true
      openedAt = now
      return .open
    case (.connecting, .finished):
      state = .closed
      return .close(.byServer)
    case (.connecting, .failed(let error, let decision, let minimum)),
      (.open, .failed(let error, let decision, let minimum)):
      return failed(error, decision, atLeast: minimum, at: now)
    case (.waiting, .waited):
      return connect()
    case (.connecting, .restart), (.open, .restart), (.waiting, .restart):
      state = .waiting
      return .wait(EventSource.Reconnection(attempt: attempts + 1, delay: .zero, error: nil))
    case (_, .start), (_, .accepted), (_, .finished), (_, .failed), (_, .waited):
      return nil
    }
  }

  private mutating func connect() -> Action {
    state = .connecting
    attempts += 1
    return .connect(attempts)
  }

  private mutating func failed(
    _ error: SubscriptionError, _ decision: EventSource.Configuration.Decision, atLeast minimum: Duration?,
    at now: Duration
  ) -> Action {
    let wasOpen = state == .open
    if configuration.mode == .response, wasOpen, error.code == .ended {
      state = .closed
      return .close(.completed)
    }
    guard decision == .reconnect else {
      state = .closed
      return .fail(error)
    }
    if wasOpen { delay.streamWasOpen(for: now - openedAt) }
    state = .waiting
    let wait = delay.next(atLeast: minimum, random: Double.random(in: 0...1, using: &random))
    return .wait(EventSource.Reconnection(attempt: attempts + 1, delay: wait, error: error))
  }
}
