/// The gzip coding of one stream, between the lane and the response. Streams without coding have none. Belongs to the
/// lane's thread.
final class ContentEncoder {
  /// The maximum content of a single reader's write, and so about the memory that it holds when its connection stalls.
  private static let mostBytes = 8 << 10

  private(set) var joiner = GzipJoiner()
  /// Encoded bytes that the response has not accepted. They come before everything else.
  var pending: EventStreamBytes?
  /// Whether the end of the member is written or pending.
  private(set) var isComplete = false
  /// What the stream shares with others, if anything.
  let shared: (any EventStreamCompressor)?
  private var deflater: ChargedDeflater?

  init(_ compression: EventStreamCompression, _ budget: MemoryBudget) {
    switch compression.sharing {
    case .perChannel: shared = compression.compressor
    case .perStream:
      shared = nil
      deflater = ChargedDeflater(compression.compressor, budget)
    }
  }

  /// Encodes content for this reader alone.
  ///
  /// - Returns: The encoded bytes, and of how many bytes of the content.
  func encode(_ bytes: borrowing EventStreamBytes, _ budget: MemoryBudget) -> (EventStreamBytes, of: Int) {
    let count = min(bytes.count, Self.mostBytes)
    let encoded = bytes.withUnsafeBytes { encode(UnsafeRawBufferPointer(rebasing: $0[..<count]), budget) }
    return (encoded, count)
  }

  private func encode(_ content: UnsafeRawBufferPointer, _ budget: MemoryBudget) -> EventStreamBytes {
    if let deflater {
      let headerCount = joiner.headerCount
      let encoded = deflater.deflate(content, headerCount: headerCount) { joiner.writeHeader(to: $0) }
      if let encoded {
        joiner.append(content)
        return encoded
      }
      // The blocks that were sent remain valid.
      self.deflater = nil
    }
    let byteCount = joiner.headerCount + GzipJoiner.storedCount(of: content.count)
    return LogSegment.standalone(byteCount: byteCount, budget: budget) { joiner.writeOwn(content, to: $0) }!
  }

  /// Puts the header before everything, unless it has been written.
  func begin(_ budget: MemoryBudget) {
    guard !joiner.hasHeader, pending == nil else { return }
    pending = LogSegment.standalone(byteCount: joiner.headerCount, budget: budget) { joiner.writeHeader(to: $0) }
  }

  /// Puts the end of the member behind everything.
  func complete(_ budget: MemoryBudget) {
    isComplete = true
    let byteCount = joiner.headerCount + GzipJoiner.trailerCount
    pending = LogSegment.standalone(byteCount: byteCount, budget: budget) { joiner.writeTrailer(to: $0) }
  }

  func follow(_ compression: SharedCompression) { joiner.follow(from: compression.digest) }

  func unfollow(at digest: ContentDigest, position: GzipJoiner.SharedPosition?) {
    joiner.unfollow(at: digest, position: position)
  }
}
