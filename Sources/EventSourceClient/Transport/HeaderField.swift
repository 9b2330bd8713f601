internal import Foundation

/// A field of a request or response head (RFC 9110, 5).
public struct HeaderField: Sendable, Hashable {
  /// The name; compared without regard to case.
  public var name: String
  /// The value.
  public var value: String

  /// Makes a field.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension [HeaderField] {
  /// The values of all fields of a name, in order; the case of the name does not matter (RFC 9110, 5.1).
  public func values(of name: String) -> [String] {
    filter { $0.name.caseInsensitiveCompare(name) == .orderedSame }.map(\.value)
  }

  /// Sets a field, instead of all of its name.
  mutating func set(_ name: String, _ value: String) {
    removeAll(of: name)
    append(HeaderField(name, value))
  }

  mutating func removeAll(of name: String) {
    removeAll { $0.name.caseInsensitiveCompare(name) == .orderedSame }
  }
}
