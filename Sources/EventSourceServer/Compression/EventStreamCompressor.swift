/// Makes the compressors of event streams. Implement it over a compression library; `ZlibCompressor` of EventSourceZlib
/// is one.
public protocol EventStreamCompressor: Sendable {
  /// The approximate memory of a deflater, in bytes, which is charged to the hub's memory limit.
  var bytesPerDeflater: Int { get }

  /// Makes a deflater: one for each channel that is being published to, in each lane with readers that accept gzip.
  ///
  /// Called on a lane's thread. Returns `nil` if there is no memory; the readers are then sent uncompressed blocks.
  func makeDeflater() -> (any EventStreamDeflater)?
}

/// The compressor of one sequence of blocks, in the format of RFC 1951. Confined to one thread at a time.
public protocol EventStreamDeflater: AnyObject {
  /// Forgets everything that was compressed before. The next block refers to nothing before itself.
  func reset()

  /// Compresses content, which is never empty, and appends the result to `output`.
  ///
  /// The result must decode to exactly this content without waiting for more, must end at a byte, and must contain no
  /// block that is marked as the last one. For zlib this is a raw stream and `Z_SYNC_FLUSH`.
  ///
  /// - Returns: `false` if that failed. Then `output` must be unchanged, and the deflater is not used any more.
  func deflate(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) -> Bool
}
