/// A reader's position in one channel, as its composite ID states it: the reader has all events up to there.
enum ChannelClaim: Equatable {
  /// Unknown. The ID omits the channel, and a returning reader gets a gap event for it.
  case unknown
  /// The reader has nothing yet and will get everything available.
  case beginning
  /// Up to the event with this number.
  case number(UInt64)
  /// Up to an event with an application ID. The number is known if the event is in the log.
  case own(String, number: UInt64?)

  /// IDs are compared by their bytes, so canonically equivalent texts are different IDs.
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
