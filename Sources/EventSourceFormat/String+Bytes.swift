/// Comparison by bytes. Swift's string equality is canonical equivalence, but on the wire different bytes are
/// different.
extension String {
  /// Calls `body` with the bytes in place. Copies, and so retains, the string only if its storage is not UTF-8.
  @inlinable
  @inline(__always)
  package func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
    var copy = self
    return copy.withUTF8(body)
  }

  package func hasSameBytes(as other: String) -> Bool {
    withBytes { left in
      other.withBytes { Self.areEqual(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer($0)) }
    }
  }

  /// Word by word. Byte by byte, the comparison would cost more than all else of a look-up by name.
  private static func areEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    var index = 0
    while index + 8 <= left.count {
      guard
        left.loadUnaligned(fromByteOffset: index, as: UInt64.self)
          == right.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      else { return false }
      index += 8
    }
    while index < left.count {
      guard left[index] == right[index] else { return false }
      index += 1
    }
    return true
  }

  func hasBytes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    withBytes { Self.areEqual(UnsafeRawBufferPointer($0), bytes) }
  }

  /// Hashes the bytes and their number.
  func hashBytes(into hasher: inout Hasher) {
    withBytes { bytes in
      hasher.combine(bytes.count)
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
  }
}
