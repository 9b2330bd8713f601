/// An event's type, the name for which listeners are registered (WHATWG HTML 9.2.6).
///
/// The initializer validates it once. Types are compared by their bytes.
public struct EventType: Sendable, CustomStringConvertible {
  /// The type of events that do not name one.
  public static let message: EventType = "message"

  /// The type as text. Never empty.
  public let rawValue: String

  /// Creates a type from text.
  ///
  /// - Throws: ``EventStreamFormatError`` if it has a CR or LF, which would end its line, or is empty, which readers
  ///   treat as `message`.
  public init(_ type: String) throws(EventStreamFormatError) {
    guard !type.isEmpty else { throw .empty(.type) }
    try EventStreamFormatError.checkLine(type, of: .type, allowsNUL: true)
    rawValue = type
  }

  /// The type as text.
  public var description: String { rawValue }
}

extension EventType: Hashable {
  /// Returns whether both have the same bytes.
  public static func == (left: EventType, right: EventType) -> Bool {
    left.rawValue.hasSameBytes(as: right.rawValue)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    rawValue.hashBytes(into: &hasher)
  }
}

extension EventType: ExpressibleByStringLiteral {
  /// Creates a type from a literal. Traps if it is invalid.
  public init(stringLiteral type: String) {
    do {
      try self.init(type)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
