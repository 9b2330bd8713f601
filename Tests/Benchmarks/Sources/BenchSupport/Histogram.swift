/// Counts of durations in nanoseconds, with an error of at most 1.6 %: 64 buckets for every power of two.
package struct Histogram: Sendable {
  private var buckets = [Int](repeating: 0, count: 64 * 59)
  package private(set) var count = 0
  package private(set) var maximum: UInt64 = 0

  package init() {}

  package mutating func add(_ value: UInt64) {
    buckets[Self.index(of: value)] += 1
    count += 1
    maximum = max(maximum, value)
  }

  /// Returns the smallest value that at least this share of the values does not exceed, or 0 if there are none.
  package func quantile(_ share: Double) -> UInt64 {
    var seen = 0
    for (index, number) in buckets.enumerated() where number > 0 {
      seen += number
      if Double(seen) >= share * Double(count) { return min(Self.value(at: index), maximum) }
    }
    return 0
  }

  private static func index(of value: UInt64) -> Int {
    guard value >= 64 else { return Int(value) }
    let shift = 57 - value.leadingZeroBitCount
    return 64 * (shift + 1) + Int((value >> UInt64(shift)) & 63)
  }

  /// Returns the largest value of a bucket.
  private static func value(at index: Int) -> UInt64 {
    guard index >= 64 else { return UInt64(index) }
    let shift = UInt64(index / 64 - 1)
    return ((64 + UInt64(index % 64) + 1) << shift) &- 1
  }
}
