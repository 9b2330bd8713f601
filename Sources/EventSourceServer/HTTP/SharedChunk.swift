/// A framed chunk that is built once and sent to all readers of a broadcast.
///
/// A lane offers the same bytes to thousands of readers in turn. The first offer copies them with their frame; each
/// later offer reuses the copy at the cost of one comparison. Confined to one thread at a time.
package final class SharedChunk {
  /// The maximum chunk size that is copied. Beyond it, a gathered write is cheaper.
  package static let mostBytes = 16 << 10

  private let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: SharedChunk.mostBytes + ChunkFrame.mostBytes, alignment: 16)
  private var pointer: UnsafeRawPointer?
  private var count = 0
  private var framedCount = 0
  /// Keeps the bytes alive, so that no other bytes can have their address.
  private var owner: AnyObject?

  package init() {}

  deinit { memory.deallocate() }

  /// Returns `count` of the bytes, at most ``mostBytes``, as a framed chunk. Valid until the next call.
  package func framed(
    _ bytes: borrowing EventStreamBytes, from start: Int, count: Int
  ) -> UnsafeRawBufferPointer {
    if bytes.pointer + start != pointer || count != self.count { make(bytes, from: start, count: count) }
    return UnsafeRawBufferPointer(rebasing: memory[..<framedCount])
  }

  /// Releases the bytes. Call it at the end of the lane's run.
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
