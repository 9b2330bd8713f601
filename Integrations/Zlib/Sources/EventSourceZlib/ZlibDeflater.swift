internal import CZlib
internal import EventSourceServer

/// A raw deflate stream of zlib, flushed after each block.
final class ZlibDeflater: EventStreamDeflater {
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
    var room = 256 + bytes.count / 2
    while true {
      let start = output.count
      output.append(contentsOf: repeatElement(0, count: room))
      let status = output.withUnsafeMutableBufferPointer { memory -> Int32 in
        stream.pointee.next_out = memory.baseAddress! + start
        stream.pointee.avail_out = UInt32(room)
        return CZlib.deflate(stream, Z_SYNC_FLUSH)
      }
      let left = Int(stream.pointee.avail_out)
      output.removeLast(left)
      // Without progress, everything had been flushed into the room that was exactly enough.
      guard status == Z_OK || status == Z_BUF_ERROR && output.count > before else {
        output.removeLast(output.count - before)
        return false
      }
      if left > 0 { return true }
      room = 4096 + Int(stream.pointee.avail_in)
    }
  }
}
