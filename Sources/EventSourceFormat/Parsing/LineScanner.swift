#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Cuts bytes into lines, which end with CR LF, LF or CR, and looks at every byte once for each of the two.
///
/// `base` is not dereferenced outside of `0..<count`: positions only grow, each is found by a search within that range,
/// and
/// a line is what lies between two of them.
struct LineScanner {
  /// So far ahead is looked for a CR, which most streams do not have, while the bytes are near.
  private static let window = 8 << 10

  private let base: UnsafeRawPointer
  private let count: Int
  private var position = 0
  /// The first LF at or after the position, `count` if there is none; below the position: not known.
  private var nextLF = -1
  /// The first CR at or after the position and before ``lookedForCR``; `Int.max`: none.
  private var nextCR = Int.max
  private var lookedForCR = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    // Nothing is read at the address of an empty buffer.
    base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    count = bytes.count
  }

  var hasMore: Bool { position < count }
  var peek: UInt8? { position < count ? base.load(fromByteOffset: position, as: UInt8.self) : nil }
  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base + position, count: count - position) }

  mutating func skipByte() { position += 1 }

  /// Skips an LF; false, if there is none at the position.
  mutating func skipLF() -> Bool {
    guard peek == UInt8(ascii: "\n") else { return false }
    position += 1
    return true
  }

  /// The next line whose end is there, without it. After a line that ends with CR, an LF that follows is still to be
  /// skipped.
  @inline(__always)
  mutating func nextLine() -> (bytes: UnsafeRawBufferPointer, endsWithCR: Bool)? {
    if nextLF < position { nextLF = find(UInt8(ascii: "\n"), from: position, to: count) ?? count }
    if nextCR < position { nextCR = .max }
    if nextCR == .max, lookedForCR < nextLF { lookForCR() }
    let end = min(nextLF, nextCR)
    guard end < count else { return nil }
    defer { position = end + 1 }
    return (UnsafeRawBufferPointer(start: base + position, count: end - position), end == nextCR)
  }

  /// Looks as far as the next LF at least.
  private mutating func lookForCR() {
    lookedForCR = max(lookedForCR, position)
    let end = min(count, max(nextLF, lookedForCR + Self.window))
    if let found = find(UInt8(ascii: "\r"), from: lookedForCR, to: end) {
      nextCR = found
      lookedForCR = found + 1
    } else {
      lookedForCR = end
    }
  }

  private func find(_ byte: UInt8, from start: Int, to end: Int) -> Int? {
    guard start < end else { return nil }
    return memchr(base + start, Int32(byte), end - start).map { UnsafeRawPointer($0) - base }
  }
}
