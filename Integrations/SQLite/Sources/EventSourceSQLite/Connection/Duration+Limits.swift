import Dispatch

extension Duration {
  /// The maximum wait: longer than any process runs, and short enough to be added to a time.
  private static let longestTimeLimit = Duration.seconds(1 << 30)

  /// Whole milliseconds, rounded toward zero and clamped to `Int64`.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = min(max(self, .milliseconds(Int64.min)), .milliseconds(Int64.max)).components
    let (product, hasOverflown) = seconds.multipliedReportingOverflow(by: 1000)
    guard !hasOverflown else { return seconds < 0 ? .min : .max }
    let (sum, isTooMuch) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    return isTooMuch ? (seconds < 0 ? .min : .max) : sum
  }

  /// The duration clamped to the range from zero to the maximum wait.
  var asTimeLimit: Duration { min(max(self, .zero), Self.longestTimeLimit) }

  /// The duration as a Dispatch interval, rounded up.
  var dispatchInterval: DispatchTimeInterval {
    let (seconds, attoseconds) = asTimeLimit.components
    return .nanoseconds(Int(seconds * 1_000_000_000 + (attoseconds + 999_999_999) / 1_000_000_000))
  }
}
