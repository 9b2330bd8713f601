extension Duration {
  /// The duration in whole nanoseconds, clamped to 0 and a quarter of `Int64.max`. Sums of a few such values do not
  /// overflow, and neither does twice one, which is the maximum that jitter can produce.
  var nanoseconds: Int64 {
    let most = Int64.max / 4
    guard self > .zero else { return 0 }
    // Checked first, because the components of the longest durations do not fit into an `Int64`.
    guard self < .nanoseconds(most) else { return most }
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

extension Int64 {
  /// A time that is never reached.
  static let never = Int64.max
}
