internal import CZlib
internal import EventSourceServer

/// A raw deflate stream of zlib, flushed after each block.
final class ZlibDeflater: EventStreamDeflater {
  /// The bytes of output that one call of zlib may write. Swift keeps this many on the stack.
  private static let room = 1024

  /// zlib refers back to the stream's state by its address, so it has a place of its own.
  private let stream: UnsafeMutablePointer<z_stream>

  init?(_ compressor: ZlibCompressor) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // Negative: without a header and a checksum.
    let status = deflateInit2_(
      stream, Int32(compressor.level), Z_DEFLATED, Int32(-compressor.windowBits), Int32(compressor.memoryLevel),
      Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  func reset() { deflateReset(stream) }

  func deflate(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Bool {
    guard let base = bytes.baseAddress, bytes.count <= Int(UInt32.max) else { return false }
    let before = output.count
    stream.pointee.next_in = UnsafeMutablePointer(mutating: base.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(bytes.count)
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.room) { memory in
      while true {
        stream.pointee.next_out = memory.baseAddress!
        stream.pointee.avail_out = UInt32(memory.count)
        let status = CZlib.deflate(stream, Z_SYNC_FLUSH)
        // Without progress, everything had been flushed into a room that was exactly enough.
        guard status == Z_OK || status == Z_BUF_ERROR && output.count > before else {
          output.removeLast(output.count - before)
          return false
        }
        let left = Int(stream.pointee.avail_out)
        output.append(contentsOf: UnsafeBufferPointer(rebasing: memory[..<(memory.count - left)]))
        if left > 0 { return true }
      }
    }
  }
}
