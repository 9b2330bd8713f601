/// Cuts bytes into lines, which end with CR LF, LF or CR.
///
/// The pointers stay within the bytes of the initializer, and nothing is read at or behind `end`: `position <= end`
/// holds at first, and every step keeps it. `position` is set to what a search in `position..<end` found, plus that one
/// byte. Where a single byte or words are read, it is checked before that there are as many before `end`.
struct LineScanner {
  /// The next byte that belongs to no line yet.
  private var position: UnsafeRawPointer
  private let end: UnsafeRawPointer
  /// The last byte is a CR that ended a line: if an LF is the next to come, it belongs to the same line break.
  private(set) var endedWithCR: Bool

  /// - Parameters:
  ///   - bytes: What is cut; needed as long as the lines are.
  ///   - endedWithCR: Whether that was so for the bytes before.
  init(_ bytes: UnsafeRawBufferPointer, endedWithCR: Bool) {
    // Nothing is read at the address of an empty buffer.
    position = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
    end = position + bytes.count
    self.endedWithCR = endedWithCR
    if endedWithCR { skipLF() }
  }

  /// Calls `body` with every line of a whole text, in order, without its end; the last one, which has none, may be
  /// empty.
  @inline(__always)
  static func forEachLine(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeRawBufferPointer) -> Void) {
    var scanner = LineScanner(UnsafeRawBufferPointer(text), endedWithCR: false)
    while let line = scanner.nextLine() { body(line) }
    body(scanner.rest)
  }

  /// The next byte; nil at the end.
  var peek: UInt8? { position < end ? position.load(as: UInt8.self) : nil }
  /// What belongs to no line yet.
  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: position, count: end - position) }

  /// Skips a byte that is there.
  mutating func skipByte() { position += 1 }

  /// The next 16 bytes in two words, the first of them lowest; nil, if there are fewer.
  @inline(__always)
  func peekWords() -> (low: UInt64, high: UInt64)? {
    guard end - position >= 16 else { return nil }
    return (
      UInt64(littleEndian: position.loadUnaligned(as: UInt64.self)),
      UInt64(littleEndian: position.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    )
  }

  /// The next line without a prefix of it, which ``peekWords()`` has seen, and without its end; nil, if the end is not
  /// there.
  @inline(__always)
  mutating func nextLine(behind prefixCount: Int = 0) -> UnsafeRawBufferPointer? {
    let start = position + prefixCount
    guard let lineEnd = LineBreak.first(from: start, to: end) else { return nil }
    position = lineEnd + 1
    if lineEnd.load(as: UInt8.self) == LineBreak.cr { skipLFBehindCR() }
    return UnsafeRawBufferPointer(start: start, count: lineEnd - start)
  }

  /// Takes the next line, whose end is an LF behind so many bytes without a CR, which ``peekWords()`` has seen.
  @inline(__always)
  mutating func takeLine(ofCount count: Int) { position += count + 1 }

  /// Skips a blank line; false, if there is none, or that is not known yet.
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

  /// Skips the LF of a CR LF, if it is one; that is not known if there is no byte.
  private mutating func skipLF() {
    guard let next = peek else { return }
    endedWithCR = false
    if next == LineBreak.lf { skipByte() }
  }
}
