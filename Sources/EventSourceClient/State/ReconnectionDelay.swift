/// Computes the wait before the next attempt. It is pure arithmetic, without a clock.
///
/// A failure is an attempt that opened no stream, or a stream that broke off before it delivered anything. Only
/// failures back off. The server's `retry` sets the base of every wait, within `maximumServerDelay`.
struct ReconnectionDelay {
  /// The configuration, shared by reference because it is large.
  final class Settings: Sendable {
    let configuration: EventSource.Configuration
    init(_ configuration: EventSource.Configuration) { self.configuration = configuration }
  }

  private let settings: Settings
  /// The reconnection time that the server sent or, before that, the configured one. It is kept across reconnects
  /// (WHATWG HTML 9.2.6).
  private(set) var reconnectionTime: Duration
  /// The number of failures since the last stream that was not a failure.
  private(set) var failures = 0

  init(_ settings: Settings) {
    self.settings = settings
    reconnectionTime = settings.configuration.reconnectionTime.clamped()
  }

  mutating func serverSaid(_ time: Duration) { reconnectionTime = bounded(time) }

  mutating func succeeded() { failures = 0 }

  mutating func failed() { failures += 1 }

  /// Returns the wait after an ended stream or attempt.
  ///
  /// - Parameters:
  ///   - isIdle: Whether nothing was delivered. The wait then has a minimum, even if `retry` is 0.
  ///   - minimum: The wait that the response requested by `Retry-After`.
  ///   - random: A number from 0 to 1 that scales the random extra delay.
  func next(isIdle: Bool, atLeast minimum: Duration?, random: Double) -> Duration {
    let configuration = settings.configuration
    let most = max(configuration.maximumReconnectionTime.clamped(), reconnectionTime)
    var wait = reconnectionTime
    if isIdle { wait = max(wait, min(configuration.minimumFailureDelay.clamped(), most)) }
    if configuration.usesExponentialBackoff, failures > 1 {
      for _ in 1..<failures where wait > .zero && wait < most { wait = min(wait * 2, most) }
    }
    return max(wait * (1 + configuration.jitter * random), bounded(minimum ?? .zero))
  }

  private func bounded(_ time: Duration) -> Duration {
    min(time, settings.configuration.maximumServerDelay).clamped()
  }
}

extension Duration {
  /// The longest duration used in computations, in place of infinity: clocks trap on times near their limits.
  static let longest = Duration.seconds(10 * 365 * 86_400)

  /// Returns the duration, limited to 0 through ``longest``.
  func clamped() -> Duration { min(max(self, .zero), .longest) }
}
