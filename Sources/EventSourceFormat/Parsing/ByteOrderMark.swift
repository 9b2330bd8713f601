/// Skips one byte order mark at the beginning of a stream (WHATWG Encoding, UTF-8 decode), even if it is split.
struct ByteOrderMark {
  private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

  private var matched = 0
  /// Whether the beginning of the stream has been checked.
  private(set) var isDone = false

  /// Skips the bytes of a mark. If they turn out not to be a mark, appends them to `line`.
  @inline(never)
  mutating func skip(in scanner: inout LineScanner, putting line: inout [UInt8]) {
    while !isDone, let byte = scanner.peek {
      if byte == Self.bytes[matched] {
        scanner.skipByte()
        matched += 1
        isDone = matched == Self.bytes.count
      } else {
        line.append(contentsOf: Self.bytes.prefix(matched))
        isDone = true
      }
    }
  }
}
