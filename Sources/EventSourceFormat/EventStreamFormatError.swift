/// A value that an event stream cannot represent. Nothing was written.
public enum EventStreamFormatError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A part of the stream that must be a single line.
  public enum Part: String, Sendable, Hashable {
    /// The `id` field.
    case id
    /// The `event` field.
    case type
    /// A comment.
    case comment
  }

  /// The part has a CR or LF, which would end the line, at this UTF-8 offset.
  case lineBreak(in: Part, offset: Int)
  /// The part has a NUL at this UTF-8 offset. Readers ignore such a field.
  case nullCharacter(in: Part, offset: Int)
  /// The part is empty.
  case empty(Part)
  /// The reconnection time is negative.
  case negativeReconnectionTime(Duration)

  /// A one-line description.
  public var description: String {
    switch self {
    case .lineBreak(let part, let offset): "the \(part.rawValue) has a line break at byte \(offset); it is one line"
    case .nullCharacter(let part, let offset):
      "the \(part.rawValue) has a NUL at byte \(offset), for which readers ignore it"
    case .empty(let part): "the \(part.rawValue) is empty"
    case .negativeReconnectionTime(let time): "the reconnection time is \(time); it cannot be negative"
    }
  }

  static func checkLine(_ text: String, of part: Part, allowsNUL: Bool) throws(EventStreamFormatError) {
    for (offset, byte) in text.utf8.enumerated() {
      if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { throw .lineBreak(in: part, offset: offset) }
      if byte == 0, !allowsNUL { throw .nullCharacter(in: part, offset: offset) }
    }
  }
}
