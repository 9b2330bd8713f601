/// A clock that a test advances.
public final class ManualClock {
  /// The time since the clock was created.
  public private(set) var now: Duration = .zero

  /// Creates a clock at zero.
  public init() {}

  /// Advances the clock. Traps on a negative duration.
  public func advance(by time: Duration) {
    precondition(time >= .zero, "time does not go back")
    now += time
  }

  /// Advances the clock to a time. Has no effect if that time has passed.
  public func advance(to moment: Duration) { now = max(now, moment) }
}
