extension Duration {
  /// Whole nanoseconds, at least 0 and at most a quarter of what an `Int64` holds, so that sums of a few do not
  /// overflow, nor does twice of one, which is the most that jitter makes of it.
  var nanoseconds: Int64 {
    let most = Int64.max / 4
    guard self > .zero else { return 0 }
    // Compared first: the components of the longest durations do not fit an `Int64`.
    guard self < .nanoseconds(most) else { return most }
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

extension Int64 {
  /// A moment that is never reached.
  static let never = Int64.max
}
