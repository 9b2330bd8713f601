import Glibc

/// CLOCK_MONOTONIC, the time scale of every deadline in this module. Its origin has no meaning.
enum MonotonicClock {
  /// The time now.
  static var now: Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Duration(secondsComponent: Int64(time.tv_sec), attosecondsComponent: Int64(time.tv_nsec) * 1_000_000_000)
  }
}

extension Duration {
  /// The duration, limited to zero and some centuries, so that computing with it cannot overflow.
  var bounded: Duration { min(max(self, .zero), .seconds(1 << 34)) }

  /// Whole milliseconds, rounded down, at most `Int64.max`.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? .max : product + attoseconds / 1_000_000_000_000_000
  }
}
