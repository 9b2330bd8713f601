/// The checksum of a gzip member (RFC 1952, 8), and its arithmetic: the checksum of joined contents follows from those
/// of the parts.
enum CRC32 {
  /// The polynomial with its bits reversed.
  private static let polynomial: UInt32 = 0xEDB8_8320

  /// Eight tables of 256 entries: the nth has the effect of a byte that is followed by n others. Never freed.
  private nonisolated(unsafe) static let tables: UnsafePointer<UInt32> = {
    let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
    for byte in 0..<256 {
      var value = UInt32(byte)
      for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : value >> 1 ^ polynomial }
      tables[byte] = value
    }
    for index in 256..<(8 * 256) {
      let before = tables[index - 256]
      tables[index] = before >> 8 ^ tables[Int(before & 0xFF)]
    }
    return UnsafePointer(tables)
  }()

  /// The effect of 2ⁿ following bits, for n from 0 to 31. After that the sequence repeats.
  private static let powers: [UInt32] = {
    var powers = [UInt32(1) << 30]
    for _ in 1..<32 { powers.append(product(powers[powers.count - 1], powers[powers.count - 1])) }
    return powers
  }()

  /// Returns the checksum after more bytes.
  static func checksum(_ checksum: UInt32, appending bytes: UnsafeRawBufferPointer) -> UInt32 {
    let tables = tables
    var value = ~checksum
    var index = 0
    while index + 8 <= bytes.count {
      let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) ^ UInt64(value)
      let low = UInt32(truncatingIfNeeded: word)
      let high = UInt32(truncatingIfNeeded: word >> 32)
      let first =
        tables[7 << 8 | Int(low & 0xFF)] ^ tables[6 << 8 | Int(low >> 8 & 0xFF)]
        ^ tables[5 << 8 | Int(low >> 16 & 0xFF)] ^ tables[4 << 8 | Int(low >> 24)]
      let second =
        tables[3 << 8 | Int(high & 0xFF)] ^ tables[2 << 8 | Int(high >> 8 & 0xFF)]
        ^ tables[1 << 8 | Int(high >> 16 & 0xFF)] ^ tables[Int(high >> 24)]
      value = first ^ second
      index += 8
    }
    while index < bytes.count {
      value = value >> 8 ^ tables[Int((value ^ UInt32(bytes[index])) & 0xFF)]
      index += 1
    }
    return ~value
  }

  /// Returns what a checksum contributes to that of a content which has `count` more bytes.
  static func shifted(_ checksum: UInt32, by count: UInt64) -> UInt32 {
    guard checksum != 0 else { return 0 }
    var result = checksum
    var rest = count
    // A byte is 2³ bits.
    var power = 3
    while rest != 0 {
      if rest & 1 == 1 { result = product(powers[power & 31], result) }
      rest >>= 1
      power += 1
    }
    return result
  }

  /// Returns the product of two polynomials modulo the checksum's own.
  private static func product(_ first: UInt32, _ second: UInt32) -> UInt32 {
    var bit: UInt32 = 1 << 31
    var second = second
    var result: UInt32 = 0
    while bit != 0 {
      if first & bit != 0 { result ^= second }
      second = second & 1 == 0 ? second >> 1 : second >> 1 ^ polynomial
      bit >>= 1
    }
    return result
  }
}
