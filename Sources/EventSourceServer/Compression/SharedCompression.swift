/// The compressed blocks of one channel in one lane, which all readers that follow are sent. Belongs to the lane's
/// thread.
final class SharedCompression {
  /// The largest event that is compressed. Compressing a larger one would delay the thread's other readers.
  private static let largestEvent = 1 << 20
  /// The time without events after which the compressor is released, in nanoseconds.
  static let quietTime: Int64 = 10_000_000_000

  private let compressor: any EventStreamCompressor
  private let budget: MemoryBudget
  private var deflater: ChargedDeflater?
  private var keyFrames = KeyFrameSchedule()
  private var keyFrameCount: UInt64 = 0
  /// The digest of everything that was broadcast while any reader could have followed.
  private(set) var digest = ContentDigest()
  /// The end of the last compressed block. `nil` if the next one must be a key frame.
  private(set) var position: GzipJoiner.SharedPosition?
  private(set) var lastUse: Int64 = 0
  /// Whether the lane looks at it when it may be quiet.
  var isListed = false

  init(_ compressor: any EventStreamCompressor, _ budget: MemoryBudget) {
    self.compressor = compressor
    self.budget = budget
  }

  /// Whether it has a compressor.
  var isActive: Bool { deflater != nil }

  /// Releases the compressor. Everyone waits for the next key frame, which is the next block.
  func release() {
    deflater = nil
    position = nil
  }

  /// Begins the broadcast of a piece.
  ///
  /// - Parameters:
  ///   - following: The number of readers that follow.
  ///   - waiting: The number of those that wait for a key frame.
  func begin(_ piece: LogPiece, following: Int, waiting: Int, now: Int64) -> EncodedPiece {
    let isContinued = position?.end == piece.start
    let isDue = keyFrames.isDue(count: piece.bytes.count, following: isContinued ? following : 0, waiting: waiting)
    let encoded = EncodedPiece(piece, isKeyFrame: isDue, digest: digest)
    lastUse = now
    guard piece.bytes.count <= Self.largestEvent, let deflater = deflater ?? ChargedDeflater(compressor, budget) else {
      position = nil
      return encoded
    }
    if isDue {
      deflater.reset()
      keyFrameCount += 1
    }
    encoded.compressed = piece.bytes.withUnsafeBytes { deflater.deflate($0) }
    guard encoded.compressed != nil else {
      release()
      return encoded
    }
    self.deflater = deflater
    encoded.position = GzipJoiner.SharedPosition(keyFrame: keyFrameCount, end: piece.end)
    return encoded
  }

  /// Ends the broadcast of a piece.
  func end(_ encoded: EncodedPiece) {
    digest = encoded.digest
    position = encoded.position
  }
}
