extension Duration {
  /// Whole milliseconds, towards zero, as many as an `Int64` counts.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = min(max(self, .milliseconds(Int64.min)), .milliseconds(Int64.max)).components
    let (product, hasOverflown) = seconds.multipliedReportingOverflow(by: 1000)
    guard !hasOverflown else { return seconds < 0 ? .min : .max }
    let (sum, isTooMuch) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    return isTooMuch ? (seconds < 0 ? .min : .max) : sum
  }
}
