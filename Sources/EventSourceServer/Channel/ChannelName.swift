internal import EventSourceFormat

/// The name of a channel: 1 to 255 bytes of UTF-8 without control characters. The initializer validates it once.
///
/// Names are compared by their bytes, so two encodings of the same accented letter name two channels.
public struct ChannelName: Sendable, CustomStringConvertible {
  /// The maximum length of a name, in bytes of UTF-8.
  public static let maximumBytes = 255

  /// The name as text.
  public let rawValue: String

  /// Creates a name from text, which may come from a peer.
  public init(_ name: String) throws(ChannelNameError) {
    guard !name.isEmpty else { throw .empty }
    guard name.utf8.count <= Self.maximumBytes else { throw .tooLong(bytes: name.utf8.count) }
    if let offset = name.utf8.enumerated().first(where: { $0.element < 0x20 || $0.element == 0x7F })?.offset {
      throw .controlCharacter(offset: offset)
    }
    rawValue = name
  }

  /// Creates a name from text that is known to be valid.
  init(unchecked name: String) { rawValue = name }

  /// The name as text.
  public var description: String { rawValue }
}

extension ChannelName: Hashable {
  /// Returns whether both names have the same bytes.
  public static func == (left: ChannelName, right: ChannelName) -> Bool {
    left.rawValue.hasSameBytes(as: right.rawValue)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    rawValue.withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension ChannelName: ExpressibleByStringLiteral {
  /// Creates a name from a literal. Traps if it is invalid.
  public init(stringLiteral name: String) {
    do {
      try self.init(name)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}

/// The reason why text is not a channel's name.
public enum ChannelNameError: Error, Sendable, Hashable, CustomStringConvertible {
  /// It is empty.
  case empty
  /// It has more than ``ChannelName/maximumBytes``.
  case tooLong(bytes: Int)
  /// It has a control character at this UTF-8 offset.
  case controlCharacter(offset: Int)

  /// A one-line description.
  public var description: String {
    switch self {
    case .empty: "a channel's name is empty"
    case .tooLong(let bytes): "a channel's name has \(bytes) bytes; \(ChannelName.maximumBytes) are allowed"
    case .controlCharacter(let offset): "a channel's name has a control character at byte \(offset)"
    }
  }
}
