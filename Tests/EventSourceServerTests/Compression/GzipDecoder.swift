import CZlib

/// Decodes one gzip member as it arrives, by zlib, which checks the checksum and the length.
final class GzipDecoder {
  private let stream: UnsafeMutablePointer<z_stream>
  /// Whether the member has ended.
  private(set) var isFinished = false
  /// What is wrong with the bytes.
  private(set) var flaw: String?

  init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    // 16: gzip only.
    inflateInit2_(stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Returns everything that can be decoded after more bytes.
  func decode(_ bytes: [UInt8]) -> [UInt8] {
    guard !bytes.isEmpty, flaw == nil else { return [] }
    guard !isFinished else {
      flaw = "\(bytes.count) bytes follow the end"
      return []
    }
    var bytes = bytes
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    bytes.withUnsafeMutableBufferPointer { input in
      stream.pointee.next_in = input.baseAddress
      stream.pointee.avail_in = UInt32(input.count)
      repeat {
        let status = buffer.withUnsafeMutableBufferPointer { memory -> Int32 in
          stream.pointee.next_out = memory.baseAddress
          stream.pointee.avail_out = UInt32(memory.count)
          let status = inflate(stream, Z_SYNC_FLUSH)
          output.append(contentsOf: UnsafeBufferPointer(rebasing: memory.dropLast(Int(stream.pointee.avail_out))))
          return status
        }
        isFinished = status == Z_STREAM_END
        if status != Z_OK, status != Z_STREAM_END, status != Z_BUF_ERROR {
          flaw = stream.pointee.msg.map { String(cString: $0) } ?? "status \(status)"
        }
      } while flaw == nil && !isFinished && stream.pointee.avail_out == 0
    }
    if isFinished, stream.pointee.avail_in > 0 { flaw = "\(stream.pointee.avail_in) bytes follow the end" }
    return output
  }
}
