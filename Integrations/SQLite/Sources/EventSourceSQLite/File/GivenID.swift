internal import EventSourceFormat

/// An ID as a history gives it: the epoch of the session that gave it, and the number of the event in its channel.
///
/// A session is the time in which one process has the file open and writes it. Its epoch is random and kept in the
/// file, so an ID of another file, of a copy that was written elsewhere, or of what a power cut took away is told apart
/// from every ID of this one.
struct GivenID {
  let epoch: String
  let number: Int64

  /// The longest epoch that is looked at.
  private static let longestEpoch = 16

  init(epoch: String, number: Int64) {
    self.epoch = epoch
    self.number = number
  }

  /// Takes an ID apart; nil if it has another form, or another spelling of the number.
  init?(parsing id: EventID) {
    let bytes = id.rawValue.utf8
    guard let hyphen = bytes.prefix(Self.longestEpoch + 1).firstIndex(of: UInt8(ascii: "-")) else { return nil }
    let digits = bytes[bytes.index(after: hyphen)...]
    guard let first = digits.first, first != UInt8(ascii: "0"), digits.prefix(20).count < 20,
      digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
      let number = Int64(Substring(digits))
    else { return nil }
    self.init(epoch: String(Substring(bytes[..<hyphen])), number: number)
  }

  var id: EventID { EventID(unchecked: "\(epoch)-\(number)") }

  /// An ID for an event whose number has been taken by an ID that came with another event.
  var distinctID: EventID {
    EventID(unchecked: "\(epoch)-\(number)-\(String(UInt64.random(in: 0 ... .max), radix: 36))")
  }

  /// An epoch of 50 random bits, in letters and digits that are not taken for one another.
  static func makeEpoch() -> String {
    let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return String((0..<10).map { _ in digits.randomElement()! })
  }
}
