/// The name of a feed, checked once: 1 to 255 bytes of UTF-8 without control characters.
///
/// Names are compared by their bytes, so two spellings of one accented letter are two channels.
public struct ChannelName: Sendable, CustomStringConvertible {
  /// The longest name, in bytes of UTF-8.
  public static let maximumBytes = 255

  /// The name as text.
  public let rawValue: String

  /// Checks a name, which may come from a peer.
  public init(_ name: String) throws(ChannelNameError) {
    guard !name.isEmpty else { throw .empty }
    guard name.utf8.count <= Self.maximumBytes else { throw .tooLong(bytes: name.utf8.count) }
    if let offset = name.utf8.enumerated().first(where: { $0.element < 0x20 || $0.element == 0x7F })?.offset {
      throw .controlCharacter(offset: offset)
    }
    rawValue = name
  }

  /// The name as text.
  public var description: String { rawValue }
}

extension ChannelName: Hashable {
  /// Whether both names have the same bytes.
  public static func == (left: ChannelName, right: ChannelName) -> Bool {
    // Where the bytes are; element by element would cost more than all else of a look-up.
    let isEqual = left.rawValue.utf8.withContiguousStorageIfAvailable { left in
      right.rawValue.utf8.withContiguousStorageIfAvailable { left.elementsEqual($0) }
    }
    return (isEqual ?? nil) ?? left.rawValue.utf8.elementsEqual(right.rawValue.utf8)
  }

  /// Feeds the bytes of the name.
  public func hash(into hasher: inout Hasher) {
    var copy = rawValue
    copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

extension ChannelName: ExpressibleByStringLiteral {
  /// A name written in source; an ill-formed one is a mistake of the programmer and stops the program.
  public init(stringLiteral name: String) {
    do {
      try self.init(name)
    } catch {
      preconditionFailure("\(error)")
    }
  }
}

/// What is wrong with a channel's name.
public enum ChannelNameError: Error, Sendable, Hashable, CustomStringConvertible {
  /// It has no characters.
  case empty
  /// It has more than ``ChannelName/maximumBytes``.
  case tooLong(bytes: Int)
  /// There is a control character at this offset in its UTF-8.
  case controlCharacter(offset: Int)

  /// One line for a person.
  public var description: String {
    switch self {
    case .empty: "a channel's name is empty"
    case .tooLong(let bytes): "a channel's name has \(bytes) bytes; \(ChannelName.maximumBytes) are allowed"
    case .controlCharacter(let offset): "a channel's name has a control character at byte \(offset)"
    }
  }
}
