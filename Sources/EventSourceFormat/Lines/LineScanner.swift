/// Splits bytes into lines, which end with CR LF, LF or CR.
///
/// The pointers stay within the bytes of the initializer, and nothing is read at or after `end`. The invariant is
/// `position <= end`: it holds initially, and every step preserves it, because `position` becomes the position after a
/// byte found in `position..<end`. Before a single byte or words are read, the code checks that enough bytes are left
/// before `end`.
struct LineScanner {
  /// The next byte that does not belong to a line yet.
  private var position: UnsafeRawPointer
  private let end: UnsafeRawPointer
  /// Whether the last byte is a CR that ended a line. An LF that follows belongs to the same line break.
  private(set) var endedWithCR: Bool

  /// - Parameters:
  ///   - bytes: The bytes to split. They must outlive the lines.
  ///   - endedWithCR: The value of ``endedWithCR`` after the previous bytes.
  init(_ bytes: UnsafeRawBufferPointer, endedWithCR: Bool) {
    // The address of an empty buffer is never read.
    position = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    end = position + bytes.count
    self.endedWithCR = endedWithCR
    if endedWithCR { skipLF() }
  }

  /// Calls `body` with every line of a complete text, in order and without its line break. The last line has no line
  /// break and can be empty.
  @inline(__always)
  static func forEachLine(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeRawBufferPointer) -> Void) {
    var scanner = LineScanner(UnsafeRawBufferPointer(text), endedWithCR: false)
    while let line = scanner.nextLine() { body(line) }
    body(scanner.rest)
  }

  /// The next byte, or nil at the end.
  var peek: UInt8? { position < end ? position.load(as: UInt8.self) : nil }
  /// The bytes that do not belong to a line yet.
  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: position, count: end - position) }

  /// Skips a byte. There must be one.
  mutating func skipByte() { position += 1 }

  /// The next 16 bytes in two words, lowest byte first, or nil if there are fewer.
  @inline(__always)
  func peekWords() -> (low: UInt64, high: UInt64)? {
    guard end - position >= 16 else { return nil }
    return (
      UInt64(littleEndian: position.loadUnaligned(as: UInt64.self)),
      UInt64(littleEndian: position.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// Returns the next line without its line break and without a prefix that ``peekWords()`` has returned. Returns nil
  /// if the line break has not arrived.
  @inline(__always)
  mutating func nextLine(behind prefixCount: Int = 0) -> UnsafeRawBufferPointer? {
    let start = position + prefixCount
    guard let lineEnd = LineBreak.first(from: start, to: end) else { return nil }
    position = lineEnd + 1
    if lineEnd.load(as: UInt8.self) == LineBreak.cr { skipLFBehindCR() }
    return UnsafeRawBufferPointer(start: start, count: lineEnd - start)
  }

  /// Consumes the next line. It has `count` bytes without a CR, followed by an LF, all of which ``peekWords()`` has
  /// returned.
  @inline(__always)
  mutating func takeLine(ofCount count: Int) { position += count + 1 }

  /// Skips a blank line. Returns `false` if there is none, or if that is not known yet.
  @inline(__always)
  mutating func skipBlankLine() -> Bool {
    guard position < end else { return false }
    let byte = position.load(as: UInt8.self)
    guard byte == LineBreak.lf || byte == LineBreak.cr else { return false }
    position += 1
    if byte == LineBreak.cr { skipLFBehindCR() }
    return true
  }

  @inline(never)
  private mutating func skipLFBehindCR() {
    endedWithCR = true
    skipLF()
  }

  /// Skips an LF after a CR. Without a next byte, that is not known yet.
  private mutating func skipLF() {
    guard let next = peek else { return }
    endedWithCR = false
    if next == LineBreak.lf { skipByte() }
  }
}
