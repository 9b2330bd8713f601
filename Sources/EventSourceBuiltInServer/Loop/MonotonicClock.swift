import Glibc

/// CLOCK_MONOTONIC, the scale of every deadline in this module; its origin means nothing.
enum MonotonicClock {
  /// The time now.
  static var now: Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Duration(secondsComponent: Int64(time.tv_sec), attosecondsComponent: Int64(time.tv_nsec) * 1_000_000_000)
  }
}

extension Duration {
  /// At least zero and at most some centuries, which is for ever: a moment so far from now can still be computed with.
  var bounded: Duration { min(max(self, .zero), .seconds(1 << 34)) }

  /// Whole milliseconds, rounded down; `Int64.max` if there are more.
  var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    return overflow ? .max : product + attoseconds / 1_000_000_000_000_000
  }
}
