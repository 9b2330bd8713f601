import EventSourceServer
import Glibc

/// A chunk that the kernel has accepted partially. It references the log's bytes and does not copy them.
final class UnsentChunk {
  private let bytes: EventStreamBytes
  private let start: Int
  private let frame: ChunkFrame
  /// The number of bytes of the chunk that were sent, including the framing.
  private var sent: Int

  init(_ bytes: EventStreamBytes, from start: Int, _ frame: ChunkFrame, sent: Int) {
    self.bytes = bytes
    self.start = start
    self.frame = frame
    self.sent = sent
  }

  var isSent: Bool { sent == frame.byteCount }

  /// Continues to send. Returns the result of `sendmsg`: the number of bytes accepted, or -1 and errno.
  func send(to descriptor: Int32) -> Int {
    let count = sendChunk(descriptor, bytes.baseAddress + start, frame, without: sent)
    if count > 0 { sent += count }
    return count
  }
}

/// Sends a chunk without its first bytes, in one call. Returns the result of `sendmsg`.
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

/// Sends bytes in chunks of at most `most` bytes with one call. Returns the result of `sendmsg` for all chunks with
/// their frames.
func sendChunks(_ descriptor: Int32, _ body: UnsafeRawPointer, _ count: Int, most: Int) -> Int {
  let whole = count / most
  let rest = count - whole * most
  return ChunkFrame(around: most).withHead { wholeHead in
    ChunkFrame(around: max(rest, 1)).withHead { restHead in
      withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3 * (whole + 1)) { parts in
        var used = 0
        func add(_ pointer: UnsafeRawPointer, _ count: Int) {
          parts[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: pointer), iov_len: count)
          used += 1
        }
        func addChunk(_ head: UnsafeRawBufferPointer, from start: Int, _ count: Int) {
          add(head.baseAddress!, head.count)
          add(body + start, count)
          add(ChunkFrame.tail.utf8Start, 2)
        }
        for index in 0..<whole { addChunk(wholeHead, from: index * most, most) }
        if rest > 0 { addChunk(restHead, from: whole * most, rest) }
        var message = msghdr()
        message.msg_iov = parts.baseAddress
        message.msg_iovlen = used
        return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
      }
    }
  }
}
