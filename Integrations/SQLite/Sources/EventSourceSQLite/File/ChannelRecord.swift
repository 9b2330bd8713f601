/// A channel's row: which numbers its events have, without gaps between, and how many bytes of data.
struct ChannelRecord {
  let key: Int64
  /// The number of the earliest event held, or the next number, if none is.
  var first: Int64 = 1
  /// The number of the newest event that there ever was.
  var last: Int64 = 0
  var bytes: Int64 = 0
  /// The highest number in an ID of an event's own that looks as if it had been given here.
  var highestForeign: Int64 = 0

  var count: Int64 { last - first + 1 }
}
