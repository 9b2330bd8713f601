/// One chunk with its frame, put together once and sent to all readers of a walk.
///
/// A lane offers the same bytes to thousands of readers one after another. The first of them has the frame put around
/// a copy; the others are sent that copy, at the cost of one comparison each. One thread at a time.
package final class SharedChunk {
  /// The most bytes of a chunk that are copied; around more, a gathered write costs less than the copy.
  package static let mostBytes = 16 << 10

  private let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: SharedChunk.mostBytes + ChunkFrame.mostBytes, alignment: 16)
  private var pointer: UnsafeRawPointer?
  private var count = 0
  private var framedCount = 0
  /// Keeps the bytes in memory, so that no other ones can have their address.
  private var owner: AnyObject?

  package init() {}

  deinit { memory.deallocate() }

  /// So many of the bytes as a chunk, at most ``mostBytes`` of them; valid until the next call.
  package func framed(
    _ bytes: borrowing EventStreamBytes, from start: Int, count: Int
  ) -> UnsafeRawBufferPointer {
    if bytes.pointer + start != pointer || count != self.count { make(bytes, from: start, count: count) }
    return UnsafeRawBufferPointer(rebasing: memory[..<framedCount])
  }

  /// Releases the bytes; to be called when the lane's run is over.
  package func release() {
    guard owner != nil else { return }
    owner = nil
    pointer = nil
  }

  private func make(_ bytes: borrowing EventStreamBytes, from start: Int, count: Int) {
    precondition(count > 0 && count <= Self.mostBytes && start + count <= bytes.count, "a chunk of \(count) bytes")
    let frame = ChunkFrame(around: count)
    frame.withHead { memory.copyMemory(from: $0) }
    (memory.baseAddress! + frame.headCount).copyMemory(from: bytes.pointer + start, byteCount: count)
    memory[frame.headCount + count] = UInt8(ascii: "\r")
    memory[frame.headCount + count + 1] = UInt8(ascii: "\n")
    pointer = bytes.pointer + start
    self.count = count
    framedCount = frame.byteCount
    owner = bytes.owner
  }
}
