/// One field line of an HTTP request or response: a case-insensitive name and a value (RFC 9110, 5).
public struct HeaderField: Sendable, Hashable {
  /// The name, as received or as sent.
  public var name: String
  /// The value, without leading or trailing whitespace.
  public var value: String

  /// Creates a field without checking it.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

extension [HeaderField] {
  /// Returns the values of all fields with this name, in order. The case of the name does not matter (RFC 9110, 5.1).
  /// Linear in the number of fields.
  public func values(of name: String) -> [String] {
    filter { equalsIgnoringASCIICase($0.name, name) }.map(\.value)
  }
}

/// Field names and some tokens are ASCII and case-insensitive (RFC 9110, 5.1).
package func equalsIgnoringASCIICase(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
  guard left.utf8.count == right.utf8.count else { return false }
  // Compares the bytes where they are. Every field of a request is compared, and string iterators cost several times as
  // much.
  let areEqual = left.utf8.withContiguousStorageIfAvailable { left in
    right.utf8.withContiguousStorageIfAvailable { right in
      left.indices.allSatisfy { lowercasedASCII(left[$0]) == lowercasedASCII(right[$0]) }
    }
  }
  if case .some(.some(let areEqual)) = areEqual { return areEqual }
  return zip(left.utf8, right.utf8).allSatisfy { lowercasedASCII($0) == lowercasedASCII($1) }
}

private func lowercasedASCII(_ byte: UInt8) -> UInt8 {
  (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
