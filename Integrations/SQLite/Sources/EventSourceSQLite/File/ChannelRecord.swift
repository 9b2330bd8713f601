/// A channel's row: the contiguous range of its events' numbers, and their total bytes.
struct ChannelRecord {
  /// The exclusive upper bound of numbers and byte counts, so that adding to them cannot overflow. A larger value is
  /// damage.
  private static let sound: ClosedRange<Int64> = 0...(1 << 60)

  let key: Int64
  /// The number of the earliest stored event or, if there is none, the next number.
  var first: Int64 = 1
  /// The number of the newest event ever added.
  var last: Int64 = 0
  var bytes: Int64 = 0
  /// The highest number among application IDs that have the form of a generated ID.
  var highestForeign: Int64 = 0
  /// The session that generated the ID of the event right before the earliest stored one. `nil` if it is unknown or the
  /// event had an ID of its own.
  var evictedSession: Int64?

  var count: Int64 { last - first + 1 }

  /// Whether the numbers are consistent.
  var isSound: Bool {
    first >= 1 && Self.sound.contains(last) && first <= last + 1 && Self.sound.contains(bytes) && highestForeign >= 0
  }
}
