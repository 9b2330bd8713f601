import CEventSourceLinux
import EventSourceServer
import Glibc

extension Connection {
  /// How long the peer's FIN is waited for.
  private static let lingerTimeout = Duration.seconds(2)
  /// How often, in a server that stops, a connection is looked at whose FIN is sent.
  static let drainLingerTimeout = Duration.milliseconds(50)

  /// Refuses what the peer sent. Nobody knows where its next request would begin, so the connection ends.
  func reject(_ rejection: RequestRejection) {
    loop.context.log(
      .debug,
      "A request was refused",
      [("status", "\(rejection.status)"), ("reason", rejection.reason)]
    )
    request = nil
    flags.insert(.closes)
    beginAccess(nil)
    respond(status: rejection.status, text: rejection.reason)
  }

  /// Answers with one line of text.
  func respond(status: Int, fields: [EventStreamField] = [], text: String) {
    let type = EventStreamField("Content-Type", "text/plain; charset=utf-8")
    respond(status: status, fields: [type] + fields, body: Array("\(text)\n".utf8))
  }

  /// Answers the request, and then goes on to the next or closes.
  ///
  /// - Parameter body: Nil if there is none by the nature of the response.
  func respond(status: Int, fields: [EventStreamField], body: [UInt8]?) {
    exchange = nil
    run?.abandon()
    run = nil
    phase = .writing
    loop.setTimer(self, after: loop.context.configuration.stallTimeout)
    if loop.isDraining { flags.insert(.closes) }
    let mayHaveBody = status != 204 && status != 304
    // Content is forbidden, and a length of 0 has to say so (RFC 9110, 15.3.6).
    let body = status == 205 ? [] : body
    // Without a body and without a length, only the connection's end can tell the response's (RFC 9112, 6.3).
    if body == nil, mayHaveBody, !flags.contains(.isHead) { flags.insert(.closes) }
    let framing = mayHaveBody ? body.map { .length($0.count) } ?? .none : ResponseHeadEncoder.Framing.none
    access?.status = status
    var bytes = encode(status, fields, framing, reserving: body?.count ?? 0)
    if let body, mayHaveBody, !flags.contains(.isHead) {
      bytes += body
      access?.byteCount = body.count
    }
    send(bytes)
  }

  /// The head's bytes; a field that cannot be sent is left out and logged.
  func encode(
    _ status: Int,
    _ fields: [EventStreamField],
    _ framing: ResponseHeadEncoder.Framing,
    reserving bodyBytes: Int = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(256 + bodyBytes)
    let encoder = ResponseHeadEncoder(date: loop.dateField, framing: framing, closes: flags.contains(.closes))
    for name in encoder.encode(status: status, fields: fields, into: &bytes) {
      loop.context.log(.error, "A response field was left out: it would end its line", [("name", name)])
    }
    return bytes
  }

  /// Sends bytes of our own, behind those that wait.
  func send(_ bytes: [UInt8]) {
    if output.isEmpty { output = bytes } else { output += bytes }
    if !flags.contains(.blocked) { flush() }
  }

  /// The kernel takes bytes again.
  func becameWritable() {
    if !output.isEmpty || unsentChunk != nil { flush() }
    if phase == .streaming, output.isEmpty, unsentChunk == nil, flags.contains(.owesWritable) {
      flags.remove(.owesWritable)
      exchange?.becameWritable()
    }
    if run != nil, phase == .streaming {
      if output.isEmpty { watchForStall() }
      sendBody()
    }
  }

  /// Watches for the moment when the kernel takes bytes again.
  func block() {
    flags.insert(.blocked)
    guard !flags.contains(.watchesWritable) else { return }
    flags.insert(.watchesWritable)
    loop.epoll.change(number, Self.initialInterest.union(.writable), token: token.bits)
  }

  /// Sends our FIN, and waits for the peer's.
  func finishSending() {
    phase = .lingering
    _ = shutdown(number, Int32(SHUT_WR))
    loop.setTimer(self, after: loop.isDraining ? Self.drainLingerTimeout : Self.lingerTimeout)
    unread = []
    if flags.contains(.mayRead) { resumeLater() }
  }

  /// The peer's FIN has been waited for. A server that stops waits for no longer than the peer has not acknowledged all
  /// that was sent, because then a reset can destroy nothing.
  func lingered() {
    guard loop.isDraining, eventsource_unsent(number) > 0 else { return close() }
    loop.setTimer(self, after: Self.drainLingerTimeout)
  }

  /// Ends a connection for which there is no room in the memory that the server may hold for all.
  func refuseForMemory() {
    // A route may have written much of its body before the loop hears of the response.
    guard phase == .head || phase == .body || phase == .responding && run != nil else {
      return phase == .closed ? () : peerHasGone()
    }
    let retry = EventStreamField("Retry-After", "5")
    request = nil
    unread = []
    flags.insert(.closes)
    if access == nil { beginAccess(nil) }
    respond(status: 503, fields: [retry], text: "the server holds as much as it may")
  }

  /// Has the kernel reset the connection when it is closed.
  func setResetOnClose() { _ = eventsource_set_reset_on_close(number) }

  /// Sends what waits, as far as the kernel takes it.
  private func flush() {
    var hasSent = false
    while let next = sendNext() {
      if next >= 0 {
        hasSent = hasSent || next > 0
      } else if errno == EAGAIN {
        if phase == .writing || phase == .streaming && run != nil, hasSent {
          loop.setTimer(self, after: loop.context.configuration.stallTimeout)
        }
        // A response for which there is no room either reaches a peer that takes it, or nobody.
        guard loop.context.memory.account(for: self) else { return dieLater() }
        return block()
      } else if errno != EINTR {
        return dieLater()
      }
    }
    output = []
    outputSent = 0
    _ = loop.context.memory.account(for: self)
    flags.insert(.served)
    guard phase == .writing else { return }
    endAccess()
    if flags.contains(.closes) { finishSending() } else { awaitNextRequest() }
  }

  /// Not at once: a lane may be the caller, and may not be called back.
  private func dieLater() {
    flags.insert(.dead)
    resumeLater()
  }

  /// Sends some of what waits; nil: nothing does.
  private func sendNext() -> Int? {
    if let chunk = unsentChunk {
      let count = chunk.send(to: number)
      if chunk.isSent { unsentChunk = nil }
      return count
    }
    guard outputSent < output.count else { return nil }
    let count = output.withUnsafeBytes { bytes in
      eventsource_send(number, bytes.baseAddress! + outputSent, bytes.count - outputSent)
    }
    if count > 0 { outputSent += count }
    return count
  }

  private func awaitNextRequest() {
    phase = .head
    flags.subtract([.isHead, .takesChunks, .owesWritable])
    loop.setTimer(self, after: loop.context.configuration.keepAliveTimeout)
    if flags.contains(.mayRead) || !unread.isEmpty { resumeLater() }
  }
}
