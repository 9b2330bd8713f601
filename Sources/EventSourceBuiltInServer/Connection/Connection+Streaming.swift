import CEventSourceLinux
import EventSourceServer
import Glibc

/// For HTTP/1.1, a stream is sent in chunks (RFC 9112, 7.1), so that a client can distinguish its end from a broken
/// connection, and the connection stays usable. All readers of a broadcast get the same framed bytes. For HTTP/1.0, the
/// end of the connection ends the stream (6.3).
extension Connection: EventStreamResponse {
  /// The maximum size of a chunk. A started chunk must be completed before the reader can get anything else.
  private static let mostChunkBytes = 64 << 10
  /// The maximum number of bytes of one send, which may consist of several chunks.
  private static let mostGatheredBytes = 256 << 10
  /// A head waits for the first bytes of its stream until there are this many bytes, or until the end of the run.
  private static let mostHeldBytes = 2 << 10

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

  /// Begins a body of unknown length. The head of an event stream waits for the first bytes, which the lane writes in
  /// the same run.
  func beginStream(status: Int, fields: [HeaderField]) {
    phase = .streaming
    access?.status = status
    if flags.contains(.takesChunks) { flags.insert(.isChunked) } else { flags.insert(.closes) }
    let head = encode(status, fields, flags.contains(.isChunked) ? .chunked : .none)
    if run == nil { hold(head) } else { send(head) }
    // Handles bytes or a FIN that arrived before the handler responded. Too many bytes end the connection there.
    if flags.contains(.mayRead) || unread.count > Self.bytesToKeep { resumeLater() }
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    guard phase == .streaming, !flags.contains(.dead) else {
      session = nil
      return .peerDisconnected
    }
    // While anything waits, the kernel's buffer is full, so nothing more needs to be checked.
    guard !flags.contains(.blocked) else {
      flags.insert(.needsWritableNotification)
      return .accepted(0)
    }
    if flags.contains(.holdsHead) {
      if bytes.count <= SharedChunk.mostBytes { return writeBehindHead(bytes) }
      sendHeld()
      return write(bytes)
    }
    let result = flags.contains(.isChunked) ? writeChunks(bytes) : writeBytes(bytes)
    if case .accepted(let count) = result { logWritten(count) }
    return result
  }

  private func logWritten(_ count: Int) {
    if flags.contains(.isLogged), let access { access.byteCount += count }
  }

  private func hold(_ head: [UInt8]) {
    if output.isEmpty { output = head } else { output += head }
    guard !flags.contains(.blocked) else { return }
    flags.insert(.holdsHead)
    loop.sendHeldLater(self)
  }

  /// Sends a head that has waited, and the bytes after it.
  func sendHeld() {
    guard flags.contains(.holdsHead) else { return }
    flags.remove(.holdsHead)
    send([])
  }

  /// Copies the beginning of a stream after its head, so that the kernel and the peer get one packet.
  private func writeBehindHead(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    let body = UnsafeRawBufferPointer(start: bytes.baseAddress, count: bytes.count)
    if flags.contains(.isChunked) {
      ChunkFrame(around: body.count).withHead { output += $0 }
      output += body
      output += UnsafeBufferPointer(start: ChunkFrame.tail.utf8Start, count: 2)
    } else {
      output += body
    }
    logWritten(body.count)
    if output.count >= Self.mostHeldBytes { sendHeld() }
    return .accepted(body.count)
  }

  private func writeBytes(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    let offered = bytes.count
    while true {
      let count = eventsource_send(number, bytes.baseAddress, offered)
      if count == offered { return .accepted(offered) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 || errno == EAGAIN else { return sendFailed() }
      flags.insert(.needsWritableNotification)
      block()
      return .accepted(max(0, count))
    }
  }

  private func writeChunks(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    var taken = 0
    while taken < bytes.count {
      let count = min(bytes.count - taken, Self.mostGatheredBytes)
      var sent: Int
      if count <= SharedChunk.mostBytes {
        let framed = loop.sharedChunk.framed(bytes, from: taken, count: count)
        sent = eventsource_send(number, framed.baseAddress, framed.count)
      } else {
        sent = sendChunks(number, bytes.baseAddress + taken, count, most: Self.mostChunkBytes)
      }
      if sent < 0, errno == EINTR { continue }
      guard sent >= 0 || errno == EAGAIN else { return sendFailed() }
      let end = taken + count
      while taken < end {
        let frame = ChunkFrame(around: min(end - taken, Self.mostChunkBytes))
        guard sent < frame.byteCount else {
          sent -= frame.byteCount
          taken += frame.count
          continue
        }
        flags.insert(.needsWritableNotification)
        block()
        guard sent > 0 else { return .accepted(taken) }
        // A started chunk is sent completely, whatever is offered next.
        unsentChunk = UnsentChunk(copy bytes, from: taken, frame, sent: sent)
        return .accepted(taken + frame.count)
      }
    }
    return .accepted(taken)
  }

  private func sendFailed() -> EventStreamWriteResult {
    session = nil
    close()
    return .peerDisconnected
  }

  func end(_ ending: EventStreamEnding) {
    guard phase == .streaming else { return }
    session = nil
    guard ending == .complete else {
      sendHeld()
      return close(reset: true)
    }
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
