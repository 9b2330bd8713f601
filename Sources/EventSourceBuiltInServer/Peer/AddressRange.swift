/// A range of addresses with a common prefix, such as `10.0.0.0/8`, `2001:db8::/32`, or the single address `192.0.2.7`.
public struct AddressRange: Sendable, Hashable, CustomStringConvertible {
  /// The range as it was written.
  public let description: String
  private let address: IPAddress
  /// The length of the prefix, out of the 128 bits of ``IPAddress``.
  private let bits: Int

  /// Parses a range.
  ///
  /// - Throws: ``BuiltInServerError/invalidConfiguration(_:)`` if the text is not an address, optionally followed by a
  ///   number of bits.
  public init(_ text: String) throws(BuiltInServerError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = IPAddress(parts[0]) else {
      throw .invalidConfiguration("\"\(text)\" is not an address range")
    }
    let width = address.isIPv4 ? 32 : 128
    var bits = width
    if parts.count == 2 {
      guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(parts[1]), count <= width else {
        throw .invalidConfiguration("\"\(text)\" does not end in a number of bits")
      }
      bits = count
    }
    self.address = address
    self.bits = bits + (address.isIPv4 ? IPAddress.mappedBits : 0)
    description = text
  }

  func contains(_ other: IPAddress) -> Bool { address.matches(other, bits: bits) }
}
