/// One byte order mark at the very beginning of a stream is not part of it (WHATWG Encoding, UTF-8 decode), also when
/// it comes in pieces.
struct ByteOrderMark {
  private static let bytes: [UInt8] = [0xEF, 0xBB, 0xBF]

  private var matched = 0
  /// Whether nothing of a mark can come any more.
  private(set) var isDone = false

  /// Skips what is there of a mark; if it turns out not to be one, its bytes are put where they belong.
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
