import Glibc

/// An IPv4 or IPv6 address; one of IPv4 as IPv6 has it (`::ffff:192.0.2.7`).
struct IPAddress: Sendable, Hashable {
  /// The 16 bytes, the first in the most significant place.
  let high: UInt64
  let low: UInt64

  /// How many bits come before those of an IPv4 address.
  static let mappedBits = 96

  /// Parses an address, without a port; nil for anything else.
  init?(_ text: some StringProtocol) {
    let text = String(text)
    var ipv4 = in_addr()
    var ipv6 = in6_addr()
    if inet_pton(AF_INET, text, &ipv4) == 1 {
      high = 0
      low = 0xFFFF_0000_0000 | UInt64(UInt32(bigEndian: ipv4.s_addr))
    } else if inet_pton(AF_INET6, text, &ipv6) == 1 {
      (high, low) = withUnsafeBytes(of: ipv6) { bytes in
        (
          UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
          UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
      }
    } else {
      return nil
    }
  }

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// What one household or machine has for itself: an IPv4 address, or the first 64 bits of one of IPv6 (RFC 6177).
  var site: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

  var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// Whether the first so many of the 128 bits are the same.
  func matches(_ other: IPAddress, bits: Int) -> Bool {
    let (highDifference, lowDifference) = (high ^ other.high, low ^ other.low)
    if bits <= 64 { return bits == 0 || highDifference >> UInt64(64 - bits) == 0 }
    return highDifference == 0 && lowDifference >> UInt64(128 - bits) == 0
  }
}
