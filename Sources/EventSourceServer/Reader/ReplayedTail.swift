/// The last events sent to a reader from a history that may still reach the log, because an application may store an
/// event before it publishes it.
struct ReplayedTail {
  /// The maximum number of events that a history may have before the log.
  static let most = 256

  private var hashes: ArraySlice<BlockHash> = []

  var isEmpty: Bool { hashes.isEmpty }

  /// Adds an event that was sent to the reader.
  mutating func append(_ hash: BlockHash) {
    hashes.append(hash)
    if hashes.count > Self.most { hashes.removeFirst() }
  }

  /// Returns whether the log's next event was already sent. Events arrive in the history's order, so the first unknown
  /// one ends the search.
  mutating func takes(_ block: UnsafeRawBufferPointer) -> Bool {
    guard let index = hashes.firstIndex(of: BlockHash(block)) else {
      hashes = []
      return false
    }
    hashes = hashes[(index + 1)...]
    return true
  }
}
