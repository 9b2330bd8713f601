internal import EventSourceFormat

/// The memory of a segment in which a large event is written before the channel's lock is taken. Other publishers would
/// have to wait for the copying otherwise, and for the kernel, which brings up the memory as it is written to.
///
/// A generated ID is known only under the lock; its line is the last of the block and is written there.
final class PrewrittenBlock {
  /// Smaller events are written under the lock, and share segments.
  static let leastBytes = 64 << 10

  /// A segment's, for this block alone.
  let capacity: Int
  private let event: PreparedEvent
  private var memory: UnsafeMutableRawPointer?

  /// Nil, if the event is not large. Not a failable initializer, which would allocate an object for every small one.
  ///
  /// - Parameter idPrefix: What the channel's generated IDs begin with.
  static func of(_ event: PreparedEvent, idPrefix: String) -> PrewrittenBlock? {
    event.byteCount >= leastBytes ? PrewrittenBlock(event, idPrefix: idPrefix) : nil
  }

  private init(_ event: PreparedEvent, idPrefix: String) {
    self.event = event
    let longestID = EventID(unchecked: idPrefix + String(UInt64.max))
    capacity = LogSegment.rounded(event.byteCount(with: longestID) + LogSegment.entrySize)
    let memory = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: LogSegment.entrySize)
    EventStreamEncoder.write(event.event, to: UnsafeMutableRawBufferPointer(start: memory, count: event.byteCount))
    self.memory = memory
  }

  deinit { memory?.deallocate() }

  /// Hands the memory over; the caller frees it.
  func takeMemory() -> UnsafeMutableRawPointer { memory.take()! }

  /// Writes what is missing in the block, which has been given this ID.
  func finish(_ id: EventID, in block: UnsafeMutableRawBufferPointer) {
    guard event.event.id == nil else { return }
    // In the place of the empty line that ends the block.
    let rest = "id: \(id.rawValue)\n\n"
    UnsafeMutableRawBufferPointer(rebasing: block[(event.byteCount - 1)...]).copyBytes(from: rest.utf8)
  }
}
