/// The last events that a reader was given from a history, of which the log may get some yet: an application may store
/// an event before it publishes it.
struct ReplayedTail {
  /// So many events may be in a history before they are in the log.
  static let most = 256

  private var hashes: ArraySlice<BlockHash> = []

  var isEmpty: Bool { hashes.isEmpty }

  /// The reader was given an event, encoded like this.
  mutating func append(_ hash: BlockHash) {
    hashes.append(hash)
    if hashes.count > Self.most { hashes.removeFirst() }
  }

  /// Whether the reader has been given the log's next event. They come in the history's order, so the first that is not
  /// among them ends the search.
  mutating func takes(_ block: UnsafeRawBufferPointer) -> Bool {
    guard let index = hashes.firstIndex(of: BlockHash(block)) else {
      hashes = []
      return false
    }
    hashes = hashes[(index + 1)...]
    return true
  }
}
