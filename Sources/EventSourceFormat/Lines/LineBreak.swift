/// Finds the end of a line (WHATWG HTML 9.2.6): the first LF or CR.
///
/// Compares blocks of bytes with both at once, so every byte is read once, whichever line break is used.
enum LineBreak {
  static var lf: UInt8 { UInt8(ascii: "\n") }
  static var cr: UInt8 { UInt8(ascii: "\r") }

  /// Returns the first line break in `start..<end`. Reads nothing else: a block is read only if all of it is before
  /// `end`.
  @inline(__always)
  static func first(from start: UnsafeRawPointer, to end: UnsafeRawPointer) -> UnsafeRawPointer? {
    var position = start
    while end - position >= Block.count {
      let block = Block(at: position)
      if block.hasBreak { return position + block.firstBreak }
      position += Block.count
    }
    if position < end, end - start >= Block.count {
      // The last block overlaps with the previous one, which had no line break.
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

  /// Returns whether a line ends with an LF. The line is part of a larger buffer that contains its line break.
  @inline(__always)
  static func isLF(behind line: UnsafeRawBufferPointer) -> Bool {
    line.baseAddress.map { $0.load(fromByteOffset: line.count, as: UInt8.self) == lf } ?? false
  }

  /// Thirty-two bytes in four words. Bytes that are line breaks are 255; all others are 0.
  private struct Block {
    static var count: Int { 32 }

    private let words: SIMD4<UInt64>

    @inline(__always)
    init(at address: UnsafeRawPointer) {
      let bytes = address.loadUnaligned(as: SIMD32<UInt8>.self)
      // The types are written out, because vectors of a known type are compared by one instruction. With inferred
      // types, the compiler generates a loop over the bytes.
      let isBreak = (bytes .== SIMD32<UInt8>(repeating: lf)) .| (bytes .== SIMD32<UInt8>(repeating: cr))
      words = unsafeBitCast(isBreak, to: SIMD4<UInt64>.self)
    }

    @inline(__always)
    var hasBreak: Bool { words[0] | words[1] | words[2] | words[3] != 0 }

    /// The position of the first line break. Line lengths vary, so a branch here is mispredicted half of the time.
    /// There is only one.
    @inline(__always)
    var firstBreak: Int {
      words[0] | words[1] != 0 ? Self.firstByte(of: words[0], words[1]) : 16 + Self.firstByte(of: words[2], words[3])
    }

    /// The position of the first nonzero byte in two words, at least one of which is not zero.
    @inline(__always)
    private static func firstByte(of low: UInt64, _ high: UInt64) -> Int {
      let inLow = UInt64(littleEndian: low).trailingZeroBitCount
      let inHigh = UInt64(littleEndian: high).trailingZeroBitCount
      // 64 if all bytes of the low word are zero. Then, and only then, all bits of the mask are set.
      let mask = 0 &- (inLow &>> 6)
      return (inLow + (inHigh & mask)) / 8
    }
  }
}
