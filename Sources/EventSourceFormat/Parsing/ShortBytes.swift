/// At most 15 bytes in two words: what short lines, event types and IDs are. They are compared and searched without a
/// loop, and become a string without an allocation.
///
/// Every load of the initializer reads bytes of the text only: eight from its start and eight up to its end where there
/// are at least eight, the same with four, and single bytes where there are fewer; overlapping ones are the same bytes.
/// Every store is within the 15 bytes of capacity that are asked for.
struct ShortBytes: Equatable, Sendable {
  static let capacity = 15

  /// The first eight bytes, the first of them lowest; zero where there are none.
  private(set) var low: UInt64
  /// The bytes behind.
  private(set) var high: UInt64
  private(set) var count: Int

  /// None.
  init() { (low, high, count) = (0, 0, 0) }

  /// As they were before.
  init(low: UInt64, high: UInt64, count: Int) { (self.low, self.high, self.count) = (low, high, count) }

  /// Nil, if there are more.
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

  /// What of 16 bytes is before the first LF; nil, if there is none, or a CR before it.
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

  /// What is behind a prefix of 1 to 7 bytes, none of which is NUL; nil, if these bytes begin otherwise.
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

  /// Whether one of the bytes is NUL.
  @inline(__always)
  var hasNUL: Bool {
    // The first behind the bytes is one.
    let (inLow, inHigh) = (Self.zeros(of: low), Self.zeros(of: high))
    return (inLow != 0 ? inLow.trailingZeroBitCount : 64 + inHigh.trailingZeroBitCount) / 8 < count
  }

  /// The text, with what is not UTF-8 replaced.
  var string: String {
    if count == 0 { return "" }
    return String(unsafeUninitializedCapacity: Self.capacity) { memory in
      let memory = UnsafeMutableRawBufferPointer(memory)
      memory.storeBytes(of: low.littleEndian, as: UInt64.self)
      // The eighth byte again, and the seven behind it; only if need be, because overlapping stores are slow to read.
      if count > 8 { memory.storeBytes(of: (low &>> 56 | high &<< 8).littleEndian, toByteOffset: 7, as: UInt64.self) }
      return count
    }
  }

  /// The highest bit of each byte that is this one.
  @inline(__always)
  private static func bytes(of word: UInt64, equalTo byte: UInt8) -> UInt64 {
    zeros(of: word ^ UInt64(byte) &* 0x0101_0101_0101_0101)
  }

  /// The highest bit of each byte that is zero.
  @inline(__always)
  private static func zeros(of word: UInt64) -> UInt64 {
    let sevens: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return ~((word & sevens) &+ sevens | word | sevens)
  }

  /// The bytes below the first whose highest bit is set.
  @inline(__always)
  private static func below(_ tops: UInt64) -> UInt64 { (tops & (0 &- tops)) &>> 7 &- 1 }
}
