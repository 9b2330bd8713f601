/// The type of an event, checked once: the name under which listeners are registered (WHATWG HTML 9.2.6).
///
/// Types are compared by their bytes.
public struct EventType: Sendable, CustomStringConvertible {
  /// The type of an event that names none.
  public static let message: EventType = "message"

  /// The type as text, not empty.
  public let rawValue: String

  /// Checks a type.
  ///
  /// - Throws: ``EventStreamFormatError`` if it has a CR or LF, which would end its line, or is empty, which readers
  ///   take for `message`.
  public init(_ type: String) throws(EventStreamFormatError) {
    guard !type.isEmpty else { throw .empty(.type) }
    try EventStreamFormatError.checkLine(type, of: .type, allowsNUL: true)
    rawValue = type
  }

  /// The type as text.
  public var description: String { rawValue }
}

extension EventType: Hashable {
  /// Whether both have the same bytes.
  public static func == (left: EventType, right: EventType) -> Bool {
    left.rawValue.hasSameBytes(as: right.rawValue)
  }

  /// Feeds the bytes.
  public func hash(into hasher: inout Hasher) {
    rawValue.hashBytes(into: &hasher)
  }
}

extension EventType: ExpressibleByStringLiteral {
  /// A type written in source; an ill-formed one is a mistake of the programmer and stops the program.
  public init(stringLiteral type: String) {
    do {
      try self.init(type)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
