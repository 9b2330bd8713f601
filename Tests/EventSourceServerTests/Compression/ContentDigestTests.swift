import CZlib
import Testing

@testable import EventSourceServer

@Suite struct ContentDigestTests {
  private let content = (0..<700).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 3) }

  private func digest(_ bytes: some Sequence<UInt8>) -> ContentDigest {
    var digest = ContentDigest()
    Array(bytes).withUnsafeBytes { digest.append($0) }
    return digest
  }

  @Test func theChecksumIsThatOfZlib() {
    for count in 0...content.count {
      let expected = content.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32(count)) }
      #expect(digest(content.prefix(count)).checksum == UInt32(expected))
    }
  }

  @Test func digestsOfPartsAreAddedAndSubtracted() {
    let whole = digest(content)
    for split in 0...content.count {
      let (first, second) = (digest(content.prefix(split)), digest(content.dropFirst(split)))
      var sum = first
      sum.append(second)
      #expect(sum == whole)
      #expect(whole.suffix(after: first) == second)
    }
  }

  @Test func digestsOfLongContentsAreAddedLikeThoseOfZlib() {
    let counts: [UInt64] = [1 << 20, 1 << 31, 1 << 32, (1 << 32) + 1, 1 << 40, (1 << 62) - 1]
    for count in counts {
      let expected = crc32_combine(0x1234_5678, 0x9ABC_DEF0, Int(count))
      #expect(CRC32.shifted(0x1234_5678, by: count) ^ 0x9ABC_DEF0 == UInt32(expected))
    }
  }
}
