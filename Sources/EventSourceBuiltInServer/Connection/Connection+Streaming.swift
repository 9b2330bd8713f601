import CEventSourceLinux
import EventSourceServer
import Glibc

/// The stream is delimited by the connection's end (RFC 9112, 6.3, item 8), so what is sent is the log's bytes and
/// nothing else: they go from the log to the kernel without a copy.
extension Connection: EventStreamResponse {
  func start(_ head: EventStreamResponseHead) {
    guard phase == .responding else { return }
    switch head.body {
    case .bytes(let body): respond(status: head.status, fields: head.fields, body: body)
    case .none: respond(status: head.status, fields: head.fields, body: nil)
    case .stream:
      phase = .streaming
      flags.insert(.closes)
      discardedBytes = UInt16(min(unread.count, Int(UInt16.max)))
      unread = []
      send(encode(head.status, head.fields, .none))
      // Bytes or the FIN that came while the handler thought.
      if flags.contains(.mayRead) { resumeLater() }
    }
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    guard phase == .streaming, !flags.contains(.dead) else {
      exchange = nil
      return .peerGone
    }
    // The head has not gone out whole, or the kernel is known to be full.
    guard output.isEmpty, !flags.contains(.blocked) else {
      flags.insert(.owesWritable)
      return .accepted(0)
    }
    let offered = bytes.count
    while true {
      let count = eventsource_send(number, bytes.pointer, offered)
      if count == offered { return .accepted(offered) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 || errno == EAGAIN else { break }
      flags.insert(.owesWritable)
      block()
      return .accepted(max(0, count))
    }
    exchange = nil
    close()
    return .peerGone
  }

  func end(_ ending: EventStreamEnding) {
    guard phase == .streaming else { return }
    exchange = nil
    switch ending {
    case .aborted: close(reset: true)
    case .complete where output.isEmpty: finishSending()
    case .complete:
      phase = .writing
      loop.setTimer(self, after: loop.context.configuration.stallTimeout)
    }
  }
}
