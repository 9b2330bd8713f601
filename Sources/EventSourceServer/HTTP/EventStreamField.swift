/// One field line of a request or a response: a case-insensitive name and a value (RFC 9110, 5).
public struct EventStreamField: Sendable, Hashable {
  /// The name, as received or as sent.
  public var name: String
  /// The value, without leading or trailing whitespace. A value that the handler sends contains no CR, LF or NUL.
  public var value: String

  /// Creates a field without checking it: the stack that parsed a request has checked its fields.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension EventStreamField {
  /// Names that only the stack that frames a message may send: those that say where the message ends, which part of a
  /// representation it is, how the connection goes on, or when it was sent (RFC 9110, 6, 7.6 and 14.4; RFC 9112). A
  /// second one from elsewhere could end the response early and begin another inside it (RFC 9112, 11.1).
  private static let framingNames = [
    "connection", "content-length", "content-range", "date", "keep-alive", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
  ]

  /// Whether an application may send this field: its name is a token and does not frame a message, and its value has no
  /// control character except tabs (RFC 9110, 5.1 and 5.5).
  ///
  /// Response heads omit fields for which this is `false`, regardless of their source.
  public var isSendable: Bool {
    HTTPToken.isValid(name) && value.utf8.allSatisfy(isValueByte) && !framesMessage
  }

  /// Whether this is one of the fields that frame a message.
  package var framesMessage: Bool { Self.framingNames.contains { equalsIgnoringASCIICase($0, name) } }
}

private func isValueByte(_ byte: UInt8) -> Bool { byte >= 0x20 && byte != 0x7F || byte == 0x09 }

extension [EventStreamField] {
  /// Returns the values of all fields with this name, in order. Linear in the number of fields.
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
