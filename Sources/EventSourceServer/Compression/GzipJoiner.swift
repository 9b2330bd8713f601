/// Joins the gzip member that is one reader's response (RFC 1952). Pure.
///
/// A member consists of two kinds of parts, each of which ends at a byte. The reader's own bytes are stored: they are
/// copied behind a header of five bytes (RFC 1951, 3.2.4). Blocks that are sent to many readers are compressed once. A
/// compressed block refers to content before it by distance, but never beyond the last *key frame*. So a reader can
/// follow the shared blocks from a key frame on, until it is sent anything else.
///
/// The member ends with the checksum of its content. The joiner is not told of every shared block. It knows the digest
/// of the shared content where the reader began to follow it and where it stopped.
struct GzipJoiner {
  /// A position in a sequence of shared blocks: the number of its last key frame, and the content's end.
  struct SharedPosition: Equatable {
    var keyFrame: UInt64
    var end: UInt64
  }

  /// The header without options: deflate, no time, an unknown system.
  static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]
  /// The size of an empty last block, the checksum and the length.
  static let trailerCount = 13
  /// The largest content of a stored block.
  static let largestStored = 65_535
  private static let storedHeader = 5

  private var digest = ContentDigest()
  /// The digest of the shared content where the reader began to follow it.
  private var followedFrom: ContentDigest?
  /// Whether the header has been written.
  private(set) var hasHeader = false
  /// The shared blocks that the reader's decoder can continue. `nil` if it must wait for a key frame.
  private(set) var position: SharedPosition?

  /// Begins to follow shared content: the reader is sent all of it from now on.
  mutating func follow(from shared: ContentDigest) { followedFrom = shared }

  /// Stops following it.
  ///
  /// - Parameters:
  ///   - shared: The shared content's digest up to what the reader was sent.
  ///   - position: Where the decoder can continue, if the reader was sent compressed blocks up to there. Otherwise the
  ///     reader was sent the same content in stored blocks.
  mutating func unfollow(at shared: ContentDigest, position: SharedPosition?) {
    guard let followedFrom else { return }
    digest.append(shared.suffix(after: followedFrom))
    self.followedFrom = nil
    self.position = position
  }

  /// Returns the number of bytes of a content in stored blocks.
  static func storedCount(of count: Int) -> Int {
    count + (count + largestStored - 1) / largestStored * storedHeader
  }

  /// Writes content as stored blocks.
  ///
  /// - Parameter memory: Has the size ``storedCount(of:)``.
  static func writeStored(_ bytes: UnsafeRawBufferPointer, to memory: UnsafeMutableRawBufferPointer) {
    var (source, target) = (0, 0)
    while source < bytes.count {
      let count = min(bytes.count - source, largestStored)
      memory[target] = 0
      memory.storeBytes(of: UInt16(count).littleEndian, toByteOffset: target + 1, as: UInt16.self)
      memory.storeBytes(of: (~UInt16(count)).littleEndian, toByteOffset: target + 3, as: UInt16.self)
      let part = UnsafeRawBufferPointer(rebasing: bytes[source..<(source + count)])
      UnsafeMutableRawBufferPointer(rebasing: memory[(target + storedHeader)...]).copyMemory(from: part)
      source += count
      target += storedHeader + count
    }
  }

  /// The number of bytes that come before the next block.
  var headerCount: Int { hasHeader ? 0 : Self.header.count }

  /// Writes the header, unless it has been written.
  mutating func writeHeader(to memory: UnsafeMutableRawBufferPointer) {
    guard !hasHeader else { return }
    hasHeader = true
    memory.copyBytes(from: Self.header)
  }

  /// Writes the reader's own content in stored blocks, with the header if it is the first.
  ///
  /// - Parameter memory: Has room for ``headerCount`` and ``storedCount(of:)`` bytes.
  mutating func writeOwn(_ bytes: UnsafeRawBufferPointer, to memory: UnsafeMutableRawBufferPointer) {
    let start = headerCount
    writeHeader(to: memory)
    append(bytes)
    Self.writeStored(bytes, to: UnsafeMutableRawBufferPointer(rebasing: memory[start...]))
  }

  /// Records content that the reader alone is sent, in whatever blocks.
  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    precondition(followedFrom == nil, "content of its own for a reader that follows shared content")
    digest.append(bytes)
    position = nil
  }

  /// Writes the member's end, with the header if there was no content.
  ///
  /// - Parameter memory: Has room for ``headerCount`` and ``trailerCount`` bytes.
  mutating func writeTrailer(to memory: UnsafeMutableRawBufferPointer) {
    precondition(followedFrom == nil, "the end of a reader that follows shared content")
    let start = headerCount
    writeHeader(to: memory)
    let end = UnsafeMutableRawBufferPointer(rebasing: memory[start...])
    // An empty stored block that is the last one.
    end.copyBytes(from: [1, 0, 0, 0xFF, 0xFF])
    end.storeBytes(of: digest.checksum.littleEndian, toByteOffset: 5, as: UInt32.self)
    end.storeBytes(of: UInt32(truncatingIfNeeded: digest.count).littleEndian, toByteOffset: 9, as: UInt32.self)
  }
}
