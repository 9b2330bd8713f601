/// One field line of a request or a response: a name, compared without regard to case, and a value (RFC 9110, 5).
public struct EventStreamField: Sendable, Hashable {
  /// The field's name as it was received or as it is to be sent.
  public var name: String
  /// The field's value without leading or trailing whitespace. A value that the handler sends holds no CR, LF or NUL.
  public var value: String

  /// Makes a field; nothing is checked, because a request's fields were checked by the stack that parsed them.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension [EventStreamField] {
  /// The values of every field of this name, in the order received. Linear in the number of fields.
  public func values(of name: String) -> [String] {
    filter { equalsIgnoringASCIICase($0.name, name) }.map(\.value)
  }
}

/// Field names and some tokens are ASCII and case-insensitive (RFC 9110, 5.1).
func equalsIgnoringASCIICase(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
  guard left.utf8.count == right.utf8.count else { return false }
  return zip(left.utf8, right.utf8).allSatisfy { lowercasedASCII($0) == lowercasedASCII($1) }
}

private func lowercasedASCII(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
