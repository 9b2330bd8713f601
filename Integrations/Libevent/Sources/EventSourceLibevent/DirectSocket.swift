import CLibevent
import EventSourceServer
import Glibc

/// The socket of a connection, for bytes that go past its evbuffer.
struct DirectSocket {
  let descriptor: Int32

  private static let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)

  /// Sends so many of the bytes, as one chunk if they are framed.
  ///
  /// - Parameter isFramed: Whether the chunked coding is put around them.
  /// - Returns: How many bytes the kernel took, the frame's included; nil if the peer has gone.
  func send(
    _ bytes: borrowing EventStreamBytes, from start: Int, count: Int, isFramed: Bool, sharing chunk: SharedChunk
  ) -> Int? {
    guard isFramed else {
      let pointer = bytes.baseAddress + start
      return retry { eventsource_send(descriptor, pointer, count, Self.flags) }
    }
    if count > SharedChunk.mostBytes { return sendGathered(bytes.baseAddress + start, ChunkFrame(around: count)) }
    let framed = chunk.framed(bytes, from: start, count: count)
    return retry { eventsource_send(descriptor, framed.baseAddress, framed.count, Self.flags) }
  }

  private func sendGathered(_ body: UnsafeRawPointer, _ frame: ChunkFrame) -> Int? {
    frame.withHead { head in
      withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { parts in
        parts[0] = iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count)
        parts[1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: body), iov_len: frame.count)
        parts[2] = iovec(iov_base: UnsafeMutableRawPointer(mutating: ChunkFrame.tail.utf8Start), iov_len: 2)
        var message = msghdr()
        message.msg_iov = parts.baseAddress
        message.msg_iovlen = 3
        return retry { sendmsg(descriptor, &message, Self.flags) }
      }
    }
  }

  private func retry(_ call: () -> Int) -> Int? {
    while true {
      let sent = call()
      if sent >= 0 { return sent }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : nil
    }
  }
}
