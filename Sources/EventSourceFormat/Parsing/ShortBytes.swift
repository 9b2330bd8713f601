/// At most 15 bytes in two words: what event types and IDs nearly always are. They are compared and searched without a
/// loop, and become a string without an allocation.
///
/// Every load reads bytes of the text only: eight from its start and eight up to its end where there are at least
/// eight, the same with four, and single bytes where there are fewer; overlapping ones are the same bytes. Every store
/// is within the 15 bytes of capacity that are asked for.
struct ShortBytes: Equatable, Sendable {
  static let capacity = 15

  /// The first eight bytes, the first of them lowest; zero where there are none.
  private var low: UInt64 = 0
  /// The bytes behind.
  private var high: UInt64 = 0
  private var count = 0

  /// None.
  init() {}

  /// Nil, if there are more.
  @inline(__always)
  init?(_ bytes: UnsafeRawBufferPointer) {
    count = bytes.count
    guard count <= Self.capacity else { return nil }
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

  /// Whether one of the bytes is NUL.
  var hasNUL: Bool { Self.zeroBytes(of: low) + Self.zeroBytes(of: high) > 16 - count }

  /// The text, with what is not UTF-8 replaced.
  var string: String {
    if count == 0 { return "" }
    return String(unsafeUninitializedCapacity: Self.capacity) { memory in
      let memory = UnsafeMutableRawBufferPointer(memory)
      memory.storeBytes(of: low.littleEndian, as: UInt64.self)
      // The eighth byte again, and the seven behind it.
      memory.storeBytes(of: (low &>> 56 | high &<< 8).littleEndian, toByteOffset: 7, as: UInt64.self)
      return count
    }
  }

  private static func zeroBytes(of word: UInt64) -> Int {
    // The highest bit of each byte that is not zero.
    let sevens: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    return 8 - (((word & sevens) &+ sevens | word) & ~sevens).nonzeroBitCount
  }
}
