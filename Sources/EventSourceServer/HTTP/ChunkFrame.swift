/// The framing of one chunk: its size before and a line break after it (RFC 9112, 7.1).
package struct ChunkFrame: Sendable {
  /// The last chunk and the end of the trailer section, which complete a body.
  package static let end: StaticString = "0\r\n\r\n"
  /// The line break after a chunk's bytes.
  package static let tail: StaticString = "\r\n"
  /// The maximum framing overhead of a chunk, in bytes.
  package static let mostBytes = 20

  /// The size in hexadecimal and CR LF, in the first ``headCount`` bytes.
  private var head: (UInt64, UInt64, UInt64) = (0, 0, 0)
  package let headCount: Int
  package let count: Int

  /// Creates the frame of a chunk with `count` bytes, at least one.
  package init(around count: Int) {
    let digitCount = (Int.bitWidth - count.leadingZeroBitCount + 3) / 4
    self.count = count
    headCount = digitCount + 2
    withUnsafeMutableBytes(of: &head) { head in
      for index in 0..<digitCount {
        let digit = UInt8(truncatingIfNeeded: count >> (4 * (digitCount - 1 - index)) & 0xF)
        head[index] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
      }
      head[digitCount] = UInt8(ascii: "\r")
      head[digitCount + 1] = UInt8(ascii: "\n")
    }
  }

  /// The size of the chunk including its frame.
  package var byteCount: Int { headCount + count + 2 }

  /// Calls `body` with the bytes that precede the chunk's data.
  package func withHead<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
    withUnsafeBytes(of: head) { body(UnsafeRawBufferPointer(rebasing: $0[..<headCount])) }
  }
}
