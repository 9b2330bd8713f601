/// Time that passes only when a test says so.
public final class ManualClock {
  /// The time since the clock was made.
  public private(set) var now: Duration = .zero

  /// Makes a clock at zero.
  public init() {}

  /// Lets time pass.
  public func advance(by time: Duration) {
    precondition(time >= .zero, "time does not go back")
    now += time
  }

  /// Lets time pass until a moment, if that is not past.
  public func advance(to moment: Duration) { now = max(now, moment) }
}
