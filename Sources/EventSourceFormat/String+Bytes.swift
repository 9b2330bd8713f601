/// Equality of strings is canonical: two spellings of a character are one. On the wire they are different, and here.
extension String {
  /// Calls `body` with the bytes where they are: without a copy of the string, whose references would have to be
  /// counted, unless it is one that has no UTF-8 of its own.
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

  /// Feeds the bytes and their number.
  func hashBytes(into hasher: inout Hasher) {
    var copy = self
    copy.withUTF8 { bytes in
      hasher.combine(bytes.count)
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
  }
}
