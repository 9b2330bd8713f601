/// A piece of a log as readers that accept gzip are sent it. Belongs to a lane's thread.
final class EncodedPiece {
  private let bytes: EventStreamBytes
  /// Whether waiting readers can begin with the compressed form.
  let isKeyFrame: Bool
  /// The compressed form. `nil` if the piece is stored for everyone.
  var compressed: EventStreamBytes?
  /// The position of its end, if there is a compressed form.
  var position: GzipJoiner.SharedPosition?
  /// The digest of the shared content with this piece.
  let digest: ContentDigest
  private var stored: EventStreamBytes?

  init(_ piece: LogPiece, isKeyFrame: Bool, digest: ContentDigest) {
    bytes = piece.bytes
    self.isKeyFrame = isKeyFrame
    var digest = digest
    bytes.withUnsafeBytes { digest.append($0) }
    self.digest = digest
  }

  /// Whether readers that waited can follow after it.
  var endsWaiting: Bool { isKeyFrame && compressed != nil }

  /// Returns the form for readers that follow, or for readers that wait.
  func form(isFollowing: Bool, budget: MemoryBudget) -> EventStreamBytes {
    if let compressed, isFollowing || isKeyFrame { return compressed }
    if let stored { return stored }
    let made = LogSegment.standalone(byteCount: GzipJoiner.storedCount(of: bytes.count), budget: budget) { memory in
      bytes.withUnsafeBytes { GzipJoiner.writeStored($0, to: memory) }
    }!
    stored = made
    return made
  }

  /// Returns where the decoder of a reader can continue that was sent this piece.
  func position(isFollowing: Bool) -> GzipJoiner.SharedPosition? { isFollowing || isKeyFrame ? position : nil }
}
