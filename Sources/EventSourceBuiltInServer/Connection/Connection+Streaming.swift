import CEventSourceLinux
import EventSourceServer
import Glibc

/// To HTTP/1.1 a stream is sent in chunks (RFC 9112, 7.1), so that a client can tell its end from its being cut off,
/// and the connection serves on. All readers of a walk are sent the same framed bytes. To HTTP/1.0 it is delimited by
/// the connection's end (6.3).
extension Connection: EventStreamResponse {
  /// The most bytes of one chunk: what a reader is sent to its end before it can be given something else.
  private static let mostChunkBytes = 64 << 10

  func start(_ head: EventStreamResponseHead) {
    guard phase == .responding else { return }
    switch head.body {
    case .bytes(let body): respond(status: head.status, fields: head.fields, body: body)
    case .none: respond(status: head.status, fields: head.fields, body: nil)
    case .stream:
      access?.isStream = true
      beginStream(status: head.status, fields: head.fields)
    }
  }

  /// Sends the head of a body whose length is not known.
  func beginStream(status: Int, fields: [EventStreamField]) {
    phase = .streaming
    access?.status = status
    if flags.contains(.takesChunks) { flags.insert(.isChunked) } else { flags.insert(.closes) }
    send(encode(status, fields, flags.contains(.isChunked) ? .chunked : .none))
    // Bytes or the FIN that came while the handler thought; and too many of them end the connection from there.
    if flags.contains(.mayRead) || unread.count > Self.bytesToKeep { resumeLater() }
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    guard phase == .streaming, !flags.contains(.dead) else {
      exchange = nil
      return .peerGone
    }
    // The kernel is known to be full. That is so as long as anything waits, so that no more has to be looked at.
    guard !flags.contains(.blocked) else {
      flags.insert(.owesWritable)
      return .accepted(0)
    }
    let result = flags.contains(.isChunked) ? writeChunks(bytes) : writeBytes(bytes)
    if flags.contains(.isLogged), let access, case .accepted(let count) = result { access.byteCount += count }
    return result
  }

  private func writeBytes(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    let offered = bytes.count
    while true {
      let count = eventsource_send(number, bytes.pointer, offered)
      if count == offered { return .accepted(offered) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 || errno == EAGAIN else { return sendFailed() }
      flags.insert(.owesWritable)
      block()
      return .accepted(max(0, count))
    }
  }

  private func writeChunks(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    var taken = 0
    while taken < bytes.count {
      let count = min(bytes.count - taken, Self.mostChunkBytes)
      let sent: Int
      let size: Int
      if count <= SharedChunk.mostBytes {
        let framed = loop.sharedChunk.framed(bytes, from: taken, count: count)
        size = framed.count
        sent = eventsource_send(number, framed.baseAddress, size)
      } else {
        let frame = ChunkFrame(around: count)
        size = frame.byteCount
        sent = sendChunk(number, bytes.pointer + taken, frame, without: 0)
      }
      if sent < 0, errno == EINTR { continue }
      guard sent >= 0 || errno == EAGAIN else { return sendFailed() }
      if sent < size {
        flags.insert(.owesWritable)
        block()
        guard sent > 0 else { return .accepted(taken) }
        // A chunk that has begun is sent to its end, whatever is offered next.
        unsentChunk = UnsentChunk(copy bytes, from: taken, ChunkFrame(around: count), sent: sent)
        return .accepted(taken + count)
      }
      taken += count
    }
    return .accepted(taken)
  }

  private func sendFailed() -> EventStreamWriteResult {
    exchange = nil
    close()
    return .peerGone
  }

  func end(_ ending: EventStreamEnding) {
    guard phase == .streaming else { return }
    exchange = nil
    guard ending == .complete else { return close(reset: true) }
    if loop.isDraining { flags.insert(.closes) }
    phase = .writing
    loop.setTimer(self, after: loop.context.configuration.stallTimeout)
    if flags.contains(.isChunked) {
      flags.remove(.isChunked)
      send(Array(UnsafeBufferPointer(start: ChunkFrame.end.utf8Start, count: ChunkFrame.end.utf8CodeUnitCount)))
    } else if output.isEmpty {
      endAccess()
      finishSending()
    }
  }
}
