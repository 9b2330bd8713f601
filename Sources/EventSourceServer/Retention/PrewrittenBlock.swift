internal import EventSourceFormat

/// The memory of a segment into which a large event is written before the channel's lock is taken. Otherwise other
/// publishers would have to wait for the copy, and for the page faults of the new memory.
///
/// A generated ID is known only under the lock. Its line is the last of the block and is written there.
final class PrewrittenBlock {
  /// The minimum size. Smaller events are written under the lock and share segments.
  static let leastBytes = 64 << 10

  /// The capacity of a segment for this block alone.
  let capacity: Int
  private let event: PreparedEvent
  private var memory: UnsafeMutableRawPointer?

  /// Returns a prewritten block, or `nil` if the event is not large. Not a failable initializer, which would allocate
  /// an object for every small event.
  ///
  /// - Parameter idPrefix: The prefix of the channel's generated IDs.
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

  /// Passes ownership of the memory to the caller, which frees it.
  func takeMemory() -> UnsafeMutableRawPointer { memory.take()! }

  /// Completes the block by writing the generated ID, if the event had none.
  func finish(_ id: EventID, in block: UnsafeMutableRawBufferPointer) {
    guard event.event.id == nil else { return }
    // Overwrites the empty line that ends the block.
    let rest = "id: \(id.rawValue)\n\n"
    UnsafeMutableRawBufferPointer(rebasing: block[(event.byteCount - 1)...]).copyBytes(from: rest.utf8)
  }
}
