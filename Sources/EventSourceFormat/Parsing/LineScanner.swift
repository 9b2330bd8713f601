#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Cuts bytes into lines, which end with CR LF, LF or CR.
///
/// Most streams have no CR. So it is looked for some way ahead, while the bytes are near, and the end of a line is then
/// the next LF before ``limit``. Every byte is looked at once for each of the two.
///
/// The pointers stay within the bytes of the initializer, and nothing is read at or behind `end`:
/// `start <= position <= limit <= end` holds at first, and every step keeps it. `position` is set to what a search in
/// `position..<limit` found, plus that one byte; `limit` to what a search in `limit..<far` found, `far <= end`, or to
/// `far`. Where a single byte is read or skipped, it is checked before that there is one, and `limit` follows; where
/// words are read, that there are as many bytes before `limit`.
struct LineScanner {
  /// The next byte that belongs to no line yet.
  private var position: UnsafeRawPointer
  /// There is no CR from `position` to here.
  private var limit: UnsafeRawPointer
  private let end: UnsafeRawPointer
  private let lookAhead: Int
  /// There is no LF from `position` to here, which is never behind `limit`.
  private var searched: UnsafeRawPointer
  /// There is a CR at `limit`.
  private var isCRAtLimit = false
  /// The last byte is a CR that ended a line: if an LF is the next to come, it belongs to the same line break.
  private(set) var endedWithCR: Bool

  /// - Parameters:
  ///   - bytes: What is cut; needed as long as the lines are.
  ///   - endedWithCR: Whether that was so for the bytes before.
  ///   - lookAhead: How many bytes are searched for a CR at once, at least 1.
  init(_ bytes: UnsafeRawBufferPointer, endedWithCR: Bool, lookAhead: Int) {
    // Nothing is read at the address of an empty buffer.
    position = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    limit = position
    searched = position
    end = position + bytes.count
    self.endedWithCR = endedWithCR
    self.lookAhead = lookAhead
    if endedWithCR { skipLF() }
  }

  /// The next byte; nil at the end.
  var peek: UInt8? { position < end ? position.load(as: UInt8.self) : nil }
  /// What belongs to no line yet.
  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: position, count: end - position) }

  /// Skips a byte that is there.
  mutating func skipByte() {
    position += 1
    limit = max(limit, position)
  }

  /// The next line whose end is there, without it.
  @inline(__always)
  mutating func nextLine() -> UnsafeRawBufferPointer? {
    let start = max(position, searched)
    guard let found = memchr(start, Self.lf, limit - start) else { return nextLineBeyondLimit() }
    return takeLine(endingAt: UnsafeRawPointer(found))
  }

  /// The next 16 bytes in two words, the first of them lowest; nil, if it is not known that there are as many and no CR
  /// among them.
  @inline(__always)
  func peekWords() -> (low: UInt64, high: UInt64)? {
    guard limit - position >= 16 else { return nil }
    return (
      UInt64(littleEndian: position.loadUnaligned(as: UInt64.self)),
      UInt64(littleEndian: position.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// Takes the next line, whose end is behind so many bytes, which ``peekWords()`` has seen.
  @inline(__always)
  mutating func takeLine(ofCount count: Int) { position += count + 1 }

  /// Takes the next line and gives what is behind a prefix, which ``peekWords()`` has seen. An LF is behind that. Nil,
  /// if the end is not known yet.
  @inline(__always)
  mutating func takeLine(behind prefixCount: Int) -> UnsafeRawBufferPointer? {
    let start = position + prefixCount
    guard let found = memchr(start, Self.lf, limit - start) else {
      searched = limit
      return nil
    }
    let end = UnsafeRawPointer(found)
    position = end + 1
    return UnsafeRawBufferPointer(start: start, count: end - start)
  }

  /// Skips a blank line; false, if there is none or that is not known yet.
  @inline(__always)
  mutating func skipBlankLine() -> Bool {
    guard position < limit, position.load(as: UInt8.self) == UInt8(Self.lf) else { return false }
    position += 1
    return true
  }

  @inline(never)
  private mutating func nextLineBeyondLimit() -> UnsafeRawBufferPointer? {
    while true {
      if isCRAtLimit {
        let line = takeLine(endingAt: limit)
        isCRAtLimit = false
        limit = position
        endedWithCR = true
        skipLF()
        return line
      }
      let start = limit
      guard start < end else { return nil }
      let far = start + min(lookAhead, end - start)
      if let found = memchr(start, Self.cr, far - start) {
        limit = UnsafeRawPointer(found)
        isCRAtLimit = true
      } else {
        limit = far
      }
      if let found = memchr(start, Self.lf, limit - start) { return takeLine(endingAt: UnsafeRawPointer(found)) }
    }
  }

  @inline(__always)
  private mutating func takeLine(endingAt lineEnd: UnsafeRawPointer) -> UnsafeRawBufferPointer {
    defer { position = lineEnd + 1 }
    return UnsafeRawBufferPointer(start: position, count: lineEnd - position)
  }

  /// Skips the LF of a CR LF, if it is one; that is not known if there is no byte.
  private mutating func skipLF() {
    guard let next = peek else { return }
    endedWithCR = false
    if next == UInt8(Self.lf) { skipByte() }
  }

  private static let lf = Int32(UInt8(ascii: "\n"))
  private static let cr = Int32(UInt8(ascii: "\r"))
}
