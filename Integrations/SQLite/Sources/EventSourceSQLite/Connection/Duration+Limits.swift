import Dispatch

extension Duration {
  /// The longest time that is waited for something: longer than any process runs, and short enough to be added to a
  /// moment.
  private static let longestTimeLimit = Duration.seconds(1 << 30)

  /// Whole milliseconds, towards zero, as many as an `Int64` counts.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = min(max(self, .milliseconds(Int64.min)), .milliseconds(Int64.max)).components
    let (product, hasOverflown) = seconds.multipliedReportingOverflow(by: 1000)
    guard !hasOverflown else { return seconds < 0 ? .min : .max }
    let (sum, isTooMuch) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    return isTooMuch ? (seconds < 0 ? .min : .max) : sum
  }

  /// Not negative, and not longer than what can be waited for.
  var asTimeLimit: Duration { min(max(self, .zero), Self.longestTimeLimit) }

  /// What Dispatch is to wait, rounded up.
  var dispatchInterval: DispatchTimeInterval {
    let (seconds, attoseconds) = asTimeLimit.components
    return .nanoseconds(Int(seconds * 1_000_000_000 + (attoseconds + 999_999_999) / 1_000_000_000))
  }
}
