/// An event's ID, which a reader sends back as its last event ID (WHATWG HTML 9.2.4).
///
/// The initializer validates it once. IDs are compared by their bytes.
public struct EventID: Sendable, CustomStringConvertible {
  /// The ID as text. An empty ID resets the reader's last event ID.
  public let rawValue: String

  /// Creates an ID from text, which may come from a peer.
  ///
  /// - Throws: ``EventStreamFormatError`` if it has a CR or LF, which would end its line, or a NUL, which makes readers
  ///   ignore the field (WHATWG HTML 9.2.6).
  public init(_ id: String) throws(EventStreamFormatError) {
    try EventStreamFormatError.checkLine(id, of: .id, allowsNUL: false)
    rawValue = id
  }

  /// Creates an ID that is known to be valid.
  package init(unchecked id: String) { rawValue = id }

  /// The ID as text.
  public var description: String { rawValue }
}

extension EventID: Hashable {
  /// Returns whether both have the same bytes.
  public static func == (left: EventID, right: EventID) -> Bool {
    left.rawValue.hasSameBytes(as: right.rawValue)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    rawValue.hashBytes(into: &hasher)
  }
}

extension EventID: ExpressibleByStringLiteral {
  /// Creates an ID from a literal. Traps if it is invalid.
  public init(stringLiteral id: String) {
    do {
      try self.init(id)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
