/// How long to wait before the next attempt: pure arithmetic.
struct ReconnectionDelay {
  var configuration: EventSource.Configuration
  /// What the server has said in the stream, or the configured time; kept over reconnects (WHATWG HTML 9.2.6).
  private(set) var reconnectionTime: Duration
  /// How many attempts have failed, or streams ended, since the last one that was stable.
  private(set) var failures = 0

  init(_ configuration: EventSource.Configuration) {
    self.configuration = configuration
    reconnectionTime = configuration.initialReconnectionTime
  }

  mutating func serverSaid(_ time: Duration) { reconnectionTime = time }

  /// A stream was open for this long.
  mutating func streamWasOpen(for time: Duration) {
    if time >= configuration.retryResetInterval { failures = 0 }
  }

  /// The wait: never shorter than the reconnection time or what a response asked for; doubled with each failure up to
  /// the maximum, and spread upwards.
  mutating func next(atLeast minimum: Duration?, random: Double) -> Duration {
    var wait = reconnectionTime
    let most = max(configuration.maximumReconnectionTime, reconnectionTime)
    if configuration.backsOff {
      for _ in 0..<failures where wait < most { wait = min(wait * 2, most) }
    }
    failures += 1
    return max(wait * (1 + configuration.jitter * random), minimum ?? .zero)
  }
}
