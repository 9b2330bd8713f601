import EventSourceServer

/// A compressor without a library: its blocks contain their content as it is (RFC 1951, 3.2.4).
struct StoringCompressor: EventStreamCompressor {
  private final class Deflater: EventStreamDeflater {
    func reset() {}

    func deflate(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Bool {
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = rest.prefix(Int(UInt16.max))
        rest = rest.dropFirst(part.count)
        let (low, high) = (UInt8(truncatingIfNeeded: part.count), UInt8(part.count >> 8))
        output += [0, low, high, ~low, ~high]
        output += part
      }
      return true
    }
  }

  let bytesPerDeflater = 64

  func makeDeflater() -> (any EventStreamDeflater)? { Deflater() }
}
