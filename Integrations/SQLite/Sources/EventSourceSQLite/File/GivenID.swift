internal import EventSourceFormat

/// An ID that a history generates: the epoch of the session, and the event's number in its channel.
///
/// A session lasts as long as one process has the file open for writing. Its epoch is random and stored in the file. So
/// an ID from another file, from a copy that was written elsewhere, or from events that a power cut removed differs
/// from every ID of this file.
struct GivenID {
  let epoch: String
  let number: Int64

  /// The maximum length of an epoch that is looked up.
  private static let longestEpoch = 16

  init(epoch: String, number: Int64) {
    self.epoch = epoch
    self.number = number
  }

  /// Parses an ID. `nil` if it has another form or a non-canonical number.
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

  /// Returns an ID for an event whose regular ID is already used by an application's event.
  var distinctID: EventID {
    EventID(unchecked: "\(epoch)-\(number)-\(String(UInt64.random(in: 0 ... .max), radix: 36))")
  }

  /// Returns an epoch of 50 random bits, in letters and digits that are not easily confused.
  static func makeEpoch() -> String {
    let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return String((0..<10).map { _ in digits.randomElement()! })
  }
}
