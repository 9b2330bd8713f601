/// What a reader has of one channel, as the composite ID of its stream says it: all events up to one.
enum ChannelClaim: Equatable {
  /// Nobody can say. The channel is left out of the ID, and is told as a gap when the reader returns.
  case unknown
  /// Nothing yet, and the reader is given all that is held.
  case beginning
  /// All up to the event of this number.
  case number(UInt64)
  /// All up to an event with an ID that is not a generated one, and, if it is in the log, its number.
  case own(String, number: UInt64?)

  /// IDs are compared by their bytes: two spellings of one text are two events.
  static func == (left: ChannelClaim, right: ChannelClaim) -> Bool {
    switch (left, right) {
    case (.unknown, .unknown), (.beginning, .beginning): true
    case (.number(let left), .number(let right)): left == right
    case (.own(let left, let leftNumber), .own(let right, let rightNumber)):
      leftNumber == rightNumber && left.utf8.elementsEqual(right.utf8)
    default: false
    }
  }
}
