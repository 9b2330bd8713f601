import EventSourceServer
import Glibc

/// A chunk of which the kernel has taken a part. It refers to the log's bytes and copies none.
final class UnsentChunk {
  private let bytes: EventStreamBytes
  private let start: Int
  private let frame: ChunkFrame
  /// How much of the chunk has been sent, the frame included.
  private var sent: Int

  init(_ bytes: EventStreamBytes, from start: Int, _ frame: ChunkFrame, sent: Int) {
    self.bytes = bytes
    self.start = start
    self.frame = frame
    self.sent = sent
  }

  var isSent: Bool { sent == frame.byteCount }

  /// Sends on; the result is that of `sendmsg`: how much was taken, or -1 and errno.
  func send(to descriptor: Int32) -> Int {
    let count = sendChunk(descriptor, bytes.baseAddress + start, frame, without: sent)
    if count > 0 { sent += count }
    return count
  }
}

/// Sends a chunk without its first bytes, in one call; the result is that of `sendmsg`.
func sendChunk(_ descriptor: Int32, _ body: UnsafeRawPointer, _ frame: ChunkFrame, without sent: Int) -> Int {
  frame.withHead { head in
    withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { parts in
      var skip = sent
      var used = 0
      func add(_ pointer: UnsafeRawPointer, _ count: Int) {
        let skipped = min(skip, count)
        skip -= skipped
        guard skipped < count else { return }
        parts[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: pointer + skipped), iov_len: count - skipped)
        used += 1
      }
      add(head.baseAddress!, head.count)
      add(body, frame.count)
      add(ChunkFrame.tail.utf8Start, 2)
      var message = msghdr()
      message.msg_iov = parts.baseAddress
      message.msg_iovlen = used
      return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
    }
  }
}
