/// The last events sent to a reader from a history that may still reach the log, because an application may store an
/// event before it publishes it.
struct ReplayedTail {
  /// The maximum number of events that a history may have before the log.
  static let most = 256

  private var hashes: ArraySlice<BlockHash> = []
  /// The log's end when the reader joined it. Events before it may have been published before those of the history.
  private var end: UInt64 = 0

  var isEmpty: Bool { hashes.isEmpty }

  /// Adds an event that was sent to the reader.
  mutating func append(_ hash: BlockHash) {
    hashes.append(hash)
    if hashes.count > Self.most { hashes.removeFirst() }
  }

  /// Sent events may also be among those that the log receives before it ends at this position.
  mutating func mayFollowLog(upTo end: UInt64) { self.end = end }

  /// Returns whether the log's next event, which begins at a position, was already sent. Events arrive in the history's
  /// order, so the first unknown one that is published after the reader has joined the log ends the search.
  mutating func takes(_ block: UnsafeRawBufferPointer, at position: UInt64) -> Bool {
    guard let index = hashes.firstIndex(of: BlockHash(block)) else {
      if position >= end { hashes = [] }
      return false
    }
    hashes = hashes[(index + 1)...]
    return true
  }
}
