/// At most 15 bytes in two words, for short lines, event types and IDs. Comparing and searching them needs no loop, and
/// converting them to a string needs no allocation.
///
/// Every load of the initializer stays within the text. With at least eight bytes, it reads eight from the start and
/// eight up to the end; with at least four, it does the same with four; otherwise, it reads single bytes. Overlapping
/// loads read the same bytes. Every store stays within the requested capacity of 15 bytes.
struct ShortBytes: Equatable, Sendable {
  static let capacity = 15

  /// The first eight bytes, lowest first. Absent bytes are zero.
  private(set) var low: UInt64
  /// The bytes after the first eight.
  private(set) var high: UInt64
  private(set) var count: Int

  /// Creates an empty value.
  init() { (low, high, count) = (0, 0, 0) }

  /// Creates a value from its parts.
  init(low: UInt64, high: UInt64, count: Int) { (self.low, self.high, self.count) = (low, high, count) }

  /// Returns nil if there are more than 15 bytes.
  init?(_ bytes: UnsafeRawBufferPointer) {
    self.init()
    guard bytes.count <= Self.capacity else { return nil }
    count = bytes.count
    guard count > 0, let start = bytes.baseAddress else { return }
    if count >= 8 {
      low = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
      guard count > 8 else { return }
      let last = UInt64(littleEndian: (start + count - 8).loadUnaligned(as: UInt64.self))
      high = last &>> UInt64(8 * (16 - count))
    } else if count >= 4 {
      let last = UInt64(UInt32(littleEndian: (start + count - 4).loadUnaligned(as: UInt32.self)))
      low = UInt64(UInt32(littleEndian: start.loadUnaligned(as: UInt32.self))) | last &<< UInt64(8 * (count - 4))
    } else {
      let middle = UInt64(start.load(fromByteOffset: count / 2, as: UInt8.self))
      let last = UInt64(start.load(fromByteOffset: count - 1, as: UInt8.self))
      low = UInt64(start.load(as: UInt8.self))
      low |= middle &<< UInt64(8 * (count / 2)) | last &<< UInt64(8 * (count - 1))
    }
  }

  /// Returns the part of 16 bytes before the first LF, or nil if there is no LF or a CR before it.
  @inline(__always)
  init?(beforeLFIn words: (low: UInt64, high: UInt64)) {
    let (low, high) = words
    let (lf, cr) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    let (inLow, inHigh) = (Self.bytes(of: low, equalTo: lf), Self.bytes(of: high, equalTo: lf))
    if inLow != 0 {
      (self.low, self.high) = (low & Self.below(inLow), 0)
      count = inLow.trailingZeroBitCount / 8
    } else if inHigh != 0 {
      (self.low, self.high) = (low, high & Self.below(inHigh))
      count = 8 + inHigh.trailingZeroBitCount / 8
    } else {
      return nil
    }
    if Self.bytes(of: self.low, equalTo: cr) | Self.bytes(of: self.high, equalTo: cr) != 0 { return nil }
  }

  /// Returns the part after a prefix of 1 to 7 bytes, none of which is NUL, or nil if these bytes begin differently.
  @inline(__always)
  func dropping(_ prefix: UInt64, count prefixCount: Int) -> ShortBytes? {
    let bits = UInt64(8 * prefixCount)
    guard low & (1 &<< bits &- 1) == prefix else { return nil }
    var rest = self
    rest.low = low &>> bits | high &<< (64 &- bits)
    rest.high = high &>> bits
    rest.count = count - prefixCount
    return rest
  }

  /// Whether the bytes contain a NUL.
  @inline(__always)
  var hasNUL: Bool {
    // The first position after the bytes is always zero.
    let (inLow, inHigh) = (Self.zeros(of: low), Self.zeros(of: high))
    return (inLow != 0 ? inLow.trailingZeroBitCount : 64 + inHigh.trailingZeroBitCount) / 8 < count
  }

  /// The text, with invalid UTF-8 replaced.
  var string: String {
    if count == 0 { return "" }
    return String(unsafeUninitializedCapacity: Self.capacity) { memory in
      let memory = UnsafeMutableRawBufferPointer(memory)
      memory.storeBytes(of: low.littleEndian, as: UInt64.self)
      // The eighth byte again, and the seven after it. Stored only if needed, because overlapping stores are slow to
      // read.
      if count > 8 { memory.storeBytes(of: (low &>> 56 | high &<< 8).littleEndian, toByteOffset: 7, as: UInt64.self) }
      return count
    }
  }

  /// Marks the bytes equal to this one by their highest bits.
  @inline(__always)
  private static func bytes(of word: UInt64, equalTo byte: UInt8) -> UInt64 {
    zeros(of: word ^ UInt64(byte) &* 0x0101_0101_0101_0101)
  }

  /// Marks the zero bytes by their highest bits.
  @inline(__always)
  private static func zeros(of word: UInt64) -> UInt64 {
    let sevens: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ~((word & sevens) &+ sevens | word | sevens)
  }

  /// Returns the number of bytes before the first whose highest bit is set.
  @inline(__always)
  private static func below(_ tops: UInt64) -> UInt64 { (tops & (0 &- tops)) &>> 7 &- 1 }
}
