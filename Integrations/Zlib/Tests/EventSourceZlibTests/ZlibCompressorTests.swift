import CZlib
import EventSourceServer
import EventSourceZlib
import Testing

@Suite struct ZlibCompressorTests {
  @Test(arguments: [(0, 15, 8), (10, 15, 8), (6, 8, 8), (6, 16, 8), (6, 15, 0), (6, 15, 10), (.max, .min, -1)])
  func aValueOutOfRangeIsRejected(level: Int, windowBits: Int, memoryLevel: Int) {
    #expect(throws: ConfigurationError.self) {
      try ZlibCompressor(level: level, windowBits: windowBits, memoryLevel: memoryLevel)
    }
  }

  /// Contents of many sizes, two of each.
  private static let contents = (0..<2).map { round in
    [1, 2, 100, 255, 256, 257, 4000, 65_535, 65_536, 300_000].map { size in
      (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> (round * 3) ^ $0 >> 7) }
    }
  }

  /// Every combination of settings, with blocks of many sizes.
  @Test(arguments: [1, 6, 9], [9, 12, 15]) func everyBlockIsDecodedAtOnce(level: Int, windowBits: Int) throws {
    for memoryLevel in [1, 8, 9] {
      let compressor = try ZlibCompressor(level: level, windowBits: windowBits, memoryLevel: memoryLevel)
      let deflater = try #require(compressor.makeDeflater())
      let decoder = RawInflater()
      for round in 0..<2 {
        if round == 1 { deflater.reset() }
        for content in Self.contents[round] {
          var block: [UInt8] = [1, 2]
          let succeeded = content.withUnsafeBytes { deflater.deflate($0, into: &block) }
          #expect(succeeded)
          #expect(block.prefix(2) == [1, 2])
          #expect(block[(block.count - 4)...] == [0, 0, 0xFF, 0xFF])
          #expect(decoder.inflate(Array(block.dropFirst(2))) == content)
        }
      }
    }
  }

  /// The room for the output is exactly enough for some sizes of random content.
  @Test func aBlockThatFillsTheRoomIsWhole() throws {
    let deflater = try #require(ZlibCompressor().makeDeflater())
    let decoder = RawInflater()
    var random = SystemRandomNumberGenerator()
    for size in [480..<560, 960..<1040].joined() {
      let content = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
      var block: [UInt8] = []
      let succeeded = content.withUnsafeBytes { deflater.deflate($0, into: &block) }
      #expect(succeeded)
      #expect(decoder.inflate(block) == content)
    }
  }

  @Test func aDeflaterNeedsAboutTheMemoryThatIsCharged() {
    #expect(ZlibCompressor().bytesPerDeflater == 256 << 10 + 6 << 10)
  }
}

private final class RawInflater {
  private let stream: UnsafeMutablePointer<z_stream>

  init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func inflate(_ bytes: [UInt8]) -> [UInt8] {
    var input = bytes
    var output = [UInt8](repeating: 0, count: 1 << 20)
    let left = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.pointee.next_in = source.baseAddress
        stream.pointee.avail_in = UInt32(source.count)
        stream.pointee.next_out = target.baseAddress
        stream.pointee.avail_out = UInt32(target.count)
        CZlib.inflate(stream, Z_SYNC_FLUSH)
        return Int(stream.pointee.avail_out)
      }
    }
    return Array(output.dropLast(left))
  }
}
