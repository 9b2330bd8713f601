/// The checksum and the length of a content, as the end of a gzip member states them. Digests of adjacent parts are
/// added and subtracted without reading the parts again.
struct ContentDigest: Equatable {
  private(set) var checksum: UInt32 = 0
  private(set) var count: UInt64 = 0

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    checksum = CRC32.checksum(checksum, appending: bytes)
    count &+= UInt64(bytes.count)
  }

  /// Appends the content of another digest.
  mutating func append(_ other: ContentDigest) {
    checksum = CRC32.shifted(checksum, by: other.count) ^ other.checksum
    count &+= other.count
  }

  /// Returns the digest of what this content has after another content with which it begins.
  func suffix(after prefix: ContentDigest) -> ContentDigest {
    var suffix = ContentDigest()
    suffix.count = count &- prefix.count
    suffix.checksum = checksum ^ CRC32.shifted(prefix.checksum, by: suffix.count)
    return suffix
  }
}
