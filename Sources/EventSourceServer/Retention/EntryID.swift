/// What a segment's index knows of a block's event ID.
struct EntryID: Equatable {
  private let value: UInt32

  /// The block is a comment.
  static let none = EntryID(value: 0)
  /// The hub made the ID from the block's number, so it is found by counting.
  static let generated = EntryID(value: 1)

  /// The event has an ID of its own, of which this is a hash. It is random for each process, so that nobody can choose
  /// IDs that collide.
  init(own id: String) {
    var id = id
    self = id.withUTF8 { EntryID(own: $0) }
  }

  init(own id: UnsafeBufferPointer<UInt8>) {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(id))
    value = max(UInt32(truncatingIfNeeded: hasher.finalize()), 2)
  }

  private init(value: UInt32) { self.value = value }

  var isOwn: Bool { value > 1 }

  /// Where to begin in a table of so many slots, a power of two.
  func slot(of count: Int) -> Int { Int(value) & (count - 1) }
}
