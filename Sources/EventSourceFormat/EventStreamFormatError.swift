/// What an event stream cannot carry. Nothing was written.
public enum EventStreamFormatError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A part of the stream that is one line.
  public enum Part: String, Sendable, Hashable {
    /// The `id` field.
    case id
    /// The `event` field.
    case type
    /// A comment.
    case comment
  }

  /// A CR or LF, at this offset in UTF-8, would end the line.
  case lineBreak(in: Part, offset: Int)
  /// Readers ignore the field for the NUL at this offset in UTF-8.
  case nullCharacter(in: Part, offset: Int)
  /// The part must not be empty.
  case empty(Part)
  /// The time to wait before reconnecting is negative.
  case negativeReconnectionTime(Duration)

  /// One line for a person.
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
