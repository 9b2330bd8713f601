/// A channel's row: which numbers its events have, without gaps between, and how many bytes they have.
struct ChannelRecord {
  /// What a number or a sum of bytes is below, so that counting on never overflows. More is damage.
  private static let sound: ClosedRange<Int64> = 0...(1 << 60)

  let key: Int64
  /// The number of the earliest event held, or the next number, if none is.
  var first: Int64 = 1
  /// The number of the newest event that there ever was.
  var last: Int64 = 0
  var bytes: Int64 = 0
  /// The highest number in an ID of an event's own that looks as if it had been given here.
  var highestForeign: Int64 = 0
  /// The session that gave the ID of the event right before the earliest one held; nil: it is not known, or the event
  /// had an ID of its own.
  var evictedSession: Int64?

  var count: Int64 { last - first + 1 }

  /// Whether the numbers can be of a channel.
  var isSound: Bool {
    first >= 1 && Self.sound.contains(last) && first <= last + 1 && Self.sound.contains(bytes) && highestForeign >= 0
  }
}
