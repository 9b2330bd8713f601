/// Looks for what ends a line (WHATWG HTML 9.2.6): LF or CR, whichever comes first.
///
/// Blocks of bytes are compared with both at once, so that every byte is looked at once whatever the lines end with.
enum LineBreak {
  static var lf: UInt8 { UInt8(ascii: "\n") }
  static var cr: UInt8 { UInt8(ascii: "\r") }

  /// The first line break in `start..<end`. Nothing else is read: a block only where all of it is before `end`.
  @inline(__always)
  static func first(from start: UnsafeRawPointer, to end: UnsafeRawPointer) -> UnsafeRawPointer? {
    var position = start
    while end - position >= Block.count {
      let block = Block(at: position)
      if block.hasBreak { return position + block.firstBreak }
      position += Block.count
    }
    if position < end, end - start >= Block.count {
      // The last block overlaps with the one before it, in which there was none.
      let last = end - Block.count
      let block = Block(at: last)
      return block.hasBreak ? last + block.firstBreak : nil
    }
    while position < end {
      let byte = position.load(as: UInt8.self)
      if byte == lf || byte == cr { return position }
      position += 1
    }
    return nil
  }

  /// Whether a line that was cut out of more bytes, which do not end before its line break, is ended by an LF.
  @inline(__always)
  static func isLF(behind line: UnsafeRawBufferPointer) -> Bool {
    line.baseAddress.map { $0.load(fromByteOffset: line.count, as: UInt8.self) == lf } ?? false
  }

  /// Thirty-two bytes, as four words in which the bytes that are line breaks are 255 and the others 0.
  private struct Block {
    static var count: Int { 32 }

    private let words: SIMD4<UInt64>

    @inline(__always)
    init(at address: UnsafeRawPointer) {
      let bytes = address.loadUnaligned(as: SIMD32<UInt8>.self)
      // The types are written out, because vectors of a known type are compared by one instruction; what the compiler
      // infers here is a loop over their bytes.
      let isBreak = (bytes .== SIMD32<UInt8>(repeating: lf)) .| (bytes .== SIMD32<UInt8>(repeating: cr))
      words = unsafeBitCast(isBreak, to: SIMD4<UInt64>.self)
    }

    @inline(__always)
    var hasBreak: Bool { words[0] | words[1] | words[2] | words[3] != 0 }

    /// Where the first line break is, if there is one. Lines end anywhere, so each branch here is foreseen only half of
    /// the time: there is one.
    @inline(__always)
    var firstBreak: Int {
      words[0] | words[1] != 0 ? Self.firstByte(of: words[0], words[1]) : 16 + Self.firstByte(of: words[2], words[3])
    }

    /// Where the first byte that is not 0 is in two words, one of which has one.
    @inline(__always)
    private static func firstByte(of low: UInt64, _ high: UInt64) -> Int {
      let inLow = UInt64(littleEndian: low).trailingZeroBitCount
      let inHigh = UInt64(littleEndian: high).trailingZeroBitCount
      // 64, if there is none in the low word: then, and only then, all bits of the mask are set.
      let mask = 0 &- (inLow &>> 6)
      return (inLow + (inHigh & mask)) / 8
    }
  }
}
