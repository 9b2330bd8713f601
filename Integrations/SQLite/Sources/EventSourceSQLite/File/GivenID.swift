internal import EventSourceFormat

/// The IDs that a history gives: its epoch, and the number of the event in its channel.
///
/// The epoch is made at random with the file, so an ID of another file is unknown here and not taken for one of this.
struct GivenID {
  let epoch: String

  func id(_ number: Int64) -> EventID { EventID(unchecked: "\(epoch)-\(number)") }

  /// An ID for an event whose number has been taken by an ID that came with another event.
  func distinctID(_ number: Int64) -> EventID {
    EventID(unchecked: "\(epoch)-\(number)-\(String(UInt64.random(in: 0 ... .max), radix: 36))")
  }

  /// The number in an ID of this form; nil for any other, and for any other spelling of the number.
  func number(of id: EventID) -> Int64? {
    let text = id.rawValue.utf8
    guard text.count <= epoch.utf8.count + 20, id.rawValue.hasPrefix(epoch) else { return nil }
    let digits = text.dropFirst(epoch.utf8.count + 1)
    guard let first = digits.first, (UInt8(ascii: "1")...UInt8(ascii: "9")).contains(first) else { return nil }
    guard let number = Int64(Substring(digits)), self.id(number) == id else { return nil }
    return number
  }

  /// An epoch of 40 random bits, in letters and digits that are not taken for one another.
  static func makeEpoch() -> String {
    let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return String((0..<8).map { _ in digits.randomElement()! })
  }
}
