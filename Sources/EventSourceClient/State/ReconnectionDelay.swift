/// Computes how long to wait before the next attempt: pure arithmetic, without a clock.
///
/// A failure is an attempt that opened no stream, or a stream that broke off before it delivered anything. Only
/// failures back off. The server's `retry` sets the base of every wait, within `maximumServerDelay`.
struct ReconnectionDelay {
  /// One for all that is made of it, because it is large.
  final class Settings: Sendable {
    let configuration: EventSource.Configuration
    init(_ configuration: EventSource.Configuration) { self.configuration = configuration }
  }

  private let settings: Settings
  /// What the server said in the stream, or the configured time; kept over reconnects (WHATWG HTML 9.2.6).
  private(set) var reconnectionTime: Duration
  /// The number of failures since the last stream that was no failure.
  private(set) var failures = 0

  init(_ settings: Settings) {
    self.settings = settings
    reconnectionTime = settings.configuration.initialReconnectionTime.clamped()
  }

  mutating func serverSaid(_ time: Duration) { reconnectionTime = bounded(time) }

  mutating func succeeded() { failures = 0 }

  mutating func failed() { failures += 1 }

  /// Returns the wait after a stream or an attempt that ended.
  ///
  /// - Parameters:
  ///   - isIdle: Whether nothing was delivered, so that the wait keeps to the floor even if `retry` is 0.
  ///   - minimum: The wait that the response asked for, by `Retry-After`.
  ///   - random: A number from 0 to 1, which spreads the wait upwards.
  func next(isIdle: Bool, atLeast minimum: Duration?, random: Double) -> Duration {
    let configuration = settings.configuration
    let most = max(configuration.maximumReconnectionTime.clamped(), reconnectionTime)
    var wait = reconnectionTime
    if isIdle { wait = max(wait, min(configuration.minimumFailureDelay.clamped(), most)) }
    if configuration.backsOff, failures > 1 {
      for _ in 1..<failures where wait > .zero && wait < most { wait = min(wait * 2, most) }
    }
    return max(wait * (1 + configuration.jitter * random), bounded(minimum ?? .zero))
  }

  private func bounded(_ time: Duration) -> Duration {
    min(time, settings.configuration.maximumServerDelay).clamped()
  }
}

extension Duration {
  /// The longest time that is computed with, which stands for "for ever": clocks trap on times near their limits.
  static let longest = Duration.seconds(10 * 365 * 86_400)

  /// Returns the time, limited to 0 through ``longest``.
  func clamped() -> Duration { min(max(self, .zero), .longest) }
}
