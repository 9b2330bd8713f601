extension Duration {
  /// Whole nanoseconds, at least 0 and at most a quarter of what an `Int64` holds, so that sums of a few do not
  /// overflow.
  var nanoseconds: Int64 {
    let most = Int64.max / 4
    let (seconds, attoseconds) = components
    guard seconds >= 0 else { return 0 }
    guard seconds < most / 1_000_000_000 else { return most }
    return max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}

extension Int64 {
  /// A moment that is never reached.
  static let never = Int64.max
}
