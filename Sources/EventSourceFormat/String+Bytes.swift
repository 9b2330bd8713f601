/// Comparison by bytes. Swift's string equality is canonical equivalence, but on the wire different bytes are
/// different.
extension String {
  /// Calls `body` with the bytes in place. Copies, and so retains, the string only if its storage is not UTF-8.
  @inline(__always)
  func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
    if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
    var copy = self
    return copy.withUTF8(body)
  }

  func hasSameBytes(as other: String) -> Bool {
    utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
  }

  func hasBytes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    utf8.count == bytes.count && utf8.elementsEqual(bytes)
  }

  /// Hashes the bytes and their number.
  func hashBytes(into hasher: inout Hasher) {
    var copy = self
    copy.withUTF8 { bytes in
      hasher.combine(bytes.count)
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
  }
}
