import CLibevent
import EventSourceServer
import Glibc

/// What stands around bytes on the wire: a chunk's size and its end (RFC 9112, 7.1), or nothing.
struct ChunkFrame {
  /// The size in hexadecimal and CR LF, in the first ``headCount`` bytes.
  private var head: (UInt64, UInt64) = (0, 0)
  private let headCount: Int
  private let tailCount: Int

  /// The frame of a chunk of so many bytes; nil: no frame.
  init(_ size: Int?) {
    guard let size else {
      headCount = 0
      tailCount = 0
      return
    }
    let digitCount = max(1, (Int.bitWidth - size.leadingZeroBitCount + 3) / 4)
    headCount = digitCount + 2
    tailCount = 2
    withUnsafeMutableBytes(of: &head) { head in
      for index in 0..<digitCount {
        let digit = UInt8(truncatingIfNeeded: size >> (4 * (digitCount - 1 - index)) & 0xF)
        head[index] = digit + (digit < 10 ? UInt8(ascii: "0") : UInt8(ascii: "a") - 10)
      }
      head[digitCount] = UInt8(ascii: "\r")
      head[digitCount + 1] = UInt8(ascii: "\n")
    }
  }

  func byteCount(around count: Int) -> Int { headCount + count + tailCount }

  /// Up to so many bytes it costs less to put them side by side than to hand the kernel three places.
  private static let mostCopied = 2048

  /// Sends all of it if the kernel takes as much, in one call; how many bytes it took, or less than 0 if the peer has
  /// gone.
  func send(_ body: UnsafeRawPointer, _ count: Int, to descriptor: Int32) -> Int {
    if headCount == 0 { return Self.retry { eventsource_send(descriptor, body, count, Self.flags) } }
    if count > Self.mostCopied { return sendGathered(body, count, to: descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: byteCount(around: count), alignment: 1) { whole in
      withUnsafeBytes(of: head) { whole.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<headCount])) }
      (whole.baseAddress! + headCount).copyMemory(from: body, byteCount: count)
      whole[headCount + count] = UInt8(ascii: "\r")
      whole[headCount + count + 1] = UInt8(ascii: "\n")
      return Self.retry { eventsource_send(descriptor, whole.baseAddress, whole.count, Self.flags) }
    }
  }

  private func sendGathered(_ body: UnsafeRawPointer, _ count: Int, to descriptor: Int32) -> Int {
    withUnsafeBytes(of: head) { head in
      let tail: StaticString = "\r\n"
      return withUnsafeTemporaryAllocation(of: iovec.self, capacity: 3) { parts in
        parts[0] = iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: headCount)
        parts[1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: body), iov_len: count)
        parts[2] = iovec(iov_base: UnsafeMutableRawPointer(mutating: tail.utf8Start), iov_len: tailCount)
        var message = msghdr()
        message.msg_iov = parts.baseAddress
        message.msg_iovlen = 3
        return Self.retry { sendmsg(descriptor, &message, Self.flags) }
      }
    }
  }

  private static let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)

  private static func retry(_ call: () -> Int) -> Int {
    while true {
      let sent = call()
      if sent >= 0 { return sent }
      if errno == EINTR { continue }
      return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? 0 : -1
    }
  }

  /// Appends what is left after so many bytes: the frame copied, the body as a reference that keeps it in memory.
  func append(
    to output: OpaquePointer, _ bytes: borrowing EventStreamBytes, from start: Int, _ count: Int, without sent: Int
  ) {
    if sent < headCount {
      withUnsafeBytes(of: head) { _ = evbuffer_add(output, $0.baseAddress! + sent, headCount - sent) }
    }
    let bodySent = min(max(sent - headCount, 0), count)
    if bodySent < count {
      let owner = Unmanaged.passRetained(bytes.owner).toOpaque()
      evbuffer_add_reference(
        output, bytes.pointer + start + bodySent, count - bodySent,
        { _, _, owner in Unmanaged<AnyObject>.fromOpaque(owner!).release() }, owner)
    }
    let tailSent = max(sent - headCount - count, 0)
    if tailSent < tailCount {
      let tail: StaticString = "\r\n"
      evbuffer_add(output, tail.utf8Start + tailSent, tailCount - tailSent)
    }
  }
}
