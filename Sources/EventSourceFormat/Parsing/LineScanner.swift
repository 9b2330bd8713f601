#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Cuts bytes into lines, which end with CR LF, LF or CR.
///
/// Most lines end with an LF. So the next LF is looked for first, and then a CR before it, while the bytes are near.
/// Every byte is looked at once for each of the two: what has been found out is kept in `withoutLF` and `withoutCR`,
/// which only grow. Either may lie before `position`, and then says nothing.
///
/// The pointers stay within the bytes of the initializer, and nothing is read at or behind `end`: `position <= end`
/// holds at first, and every step keeps it. `position` is set to what a search in `position..<end` found, plus that one
/// byte. Where a single byte or words are read, it is checked before that there are as many before `end`.
struct LineScanner {
  /// The next byte that belongs to no line yet.
  private var position: UnsafeRawPointer
  private let end: UnsafeRawPointer
  /// There is no LF from `position` to here.
  private var withoutLF: UnsafeRawPointer
  /// There is no CR from `position` to here.
  private var withoutCR: UnsafeRawPointer
  private let lookAhead: Int
  /// The last byte is a CR that ended a line: if an LF is the next to come, it belongs to the same line break.
  private(set) var endedWithCR: Bool

  /// - Parameters:
  ///   - bytes: What is cut; needed as long as the lines are.
  ///   - endedWithCR: Whether that was so for the bytes before.
  ///   - lookAhead: How many bytes are searched for an LF at once, at least 1.
  init(_ bytes: UnsafeRawBufferPointer, endedWithCR: Bool, lookAhead: Int) {
    // Nothing is read at the address of an empty buffer.
    position = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    end = position + bytes.count
    withoutLF = position
    withoutCR = position
    self.endedWithCR = endedWithCR
    self.lookAhead = lookAhead
    if endedWithCR { skipLF() }
  }

  /// The next byte; nil at the end.
  var peek: UInt8? { position < end ? position.load(as: UInt8.self) : nil }
  /// What belongs to no line yet.
  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: position, count: end - position) }

  /// Skips a byte that is there.
  mutating func skipByte() { position += 1 }

  /// The next line whose end is there, without it.
  @inline(never)
  mutating func nextLine() -> UnsafeRawBufferPointer? {
    while true {
      let lf = findLF(from: position)
      let lineEnd = lf ?? withoutLF
      if let cr = findCR(from: position, before: lineEnd) {
        let line = takeLine(from: position, endingAt: cr)
        endedWithCR = true
        skipLF()
        return line
      }
      if let lf { return takeLine(from: position, endingAt: lf) }
      if lineEnd == end { return nil }
    }
  }

  /// The next 16 bytes in two words, the first of them lowest; nil, if there are fewer.
  @inline(__always)
  func peekWords() -> (low: UInt64, high: UInt64)? {
    guard end - position >= 16 else { return nil }
    return (
      UInt64(littleEndian: position.loadUnaligned(as: UInt64.self)),
      UInt64(littleEndian: position.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// Takes the next line, whose end is an LF behind so many bytes without a CR, which ``peekWords()`` has seen.
  @inline(__always)
  mutating func takeLine(ofCount count: Int) { position += count + 1 }

  /// Takes the next line and gives what is behind a prefix, which ``peekWords()`` has seen. An LF is behind that. Nil,
  /// if the line does not end so, or if that is not known yet.
  @inline(__always)
  mutating func takeLine(behind prefixCount: Int) -> UnsafeRawBufferPointer? {
    let start = position + prefixCount
    guard let lf = findLF(from: start), findCR(from: start, before: lf) == nil else { return nil }
    return takeLine(from: start, endingAt: lf)
  }

  /// Skips a blank line; false, if there is none or that is not known yet.
  @inline(__always)
  mutating func skipBlankLine() -> Bool {
    guard position < end, position.load(as: UInt8.self) == UInt8(Self.lf) else { return false }
    position += 1
    return true
  }

  /// The next LF, if it is not too far away; if not, ``withoutLF`` says how far it was looked for.
  @inline(__always)
  private mutating func findLF(from start: UnsafeRawPointer) -> UnsafeRawPointer? {
    let from = max(start, withoutLF)
    let count = min(end - from, lookAhead)
    if let lf = memchr(from, Self.lf, count) { return UnsafeRawPointer(lf) }
    withoutLF = from + count
    return nil
  }

  /// The first CR before a place.
  @inline(__always)
  private mutating func findCR(from start: UnsafeRawPointer, before place: UnsafeRawPointer) -> UnsafeRawPointer? {
    let from = max(start, withoutCR)
    guard from < place else { return nil }
    if let cr = memchr(from, Self.cr, place - from) { return UnsafeRawPointer(cr) }
    withoutCR = place
    return nil
  }

  @inline(__always)
  private mutating func takeLine(
    from start: UnsafeRawPointer, endingAt lineEnd: UnsafeRawPointer
  ) -> UnsafeRawBufferPointer {
    position = lineEnd + 1
    return UnsafeRawBufferPointer(start: start, count: lineEnd - start)
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
