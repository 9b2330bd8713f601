#if canImport(EventSourceFormat)
  internal import EventSourceFormat
#endif

extension HeaderField {
  /// Names that only the stack may send. These fields specify where the message ends, which part of a representation it
  /// is, how the connection continues, or when the message was sent (RFC 9110, 6, 7.6 and 14.4; RFC 9112). A second one
  /// from elsewhere could end the response early and begin another one inside it (RFC 9112, 11.1).
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
