/// An event's ID, checked once: what a reader repeats as its last event ID (WHATWG HTML 9.2.4).
///
/// IDs are compared by their bytes, as everything on the wire is.
public struct EventID: Sendable, CustomStringConvertible {
  /// The ID as text. The empty one, on the wire, takes the reader's last event ID away.
  public let rawValue: String

  /// Checks an ID, which may come from a peer.
  ///
  /// - Throws: ``EventStreamFormatError`` if it has a CR or LF, which would end its line, or a NUL, for which a reader
  ///   ignores the whole field (WHATWG HTML 9.2.6).
  public init(_ id: String) throws(EventStreamFormatError) {
    try EventStreamFormatError.checkLine(id, of: .id, allowsNUL: false)
    rawValue = id
  }

  /// An ID that is known to be well-formed.
  package init(unchecked id: String) { rawValue = id }

  /// The ID as text.
  public var description: String { rawValue }
}

extension EventID: Hashable {
  /// Whether both have the same bytes.
  public static func == (left: EventID, right: EventID) -> Bool {
    left.rawValue.hasSameBytes(as: right.rawValue)
  }

  /// Feeds the bytes.
  public func hash(into hasher: inout Hasher) {
    rawValue.hashBytes(into: &hasher)
  }
}

extension EventID: ExpressibleByStringLiteral {
  /// An ID written in source; an ill-formed one is a mistake of the programmer and stops the program.
  public init(stringLiteral id: String) {
    do {
      try self.init(id)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}
