import CEventSourceLinux
import EventSourceServer
import Glibc

extension Connection {
  /// The maximum wait for the peer's FIN.
  private static let lingerTimeout = Duration.seconds(2)
  /// The interval at which a stopping server checks a connection whose FIN is sent.
  static let drainLingerTimeout = Duration.milliseconds(50)

  /// Rejects the peer's request. The beginning of the next request is unknown then, so the connection ends.
  func reject(_ rejection: RequestRejection) {
    loop.context.log(
      .debug,
      "A request was rejected",
      [("status", "\(rejection.status)"), ("reason", rejection.reason)]
    )
    request = nil
    flags.insert(.closes)
    beginAccess(nil)
    respond(status: rejection.status, text: rejection.reason)
  }

  /// Responds with one line of text.
  func respond(status: Int, fields: [HeaderField] = [], text: String) {
    let type = HeaderField("Content-Type", "text/plain; charset=utf-8")
    respond(status: status, fields: [type] + fields, body: Array("\(text)\n".utf8))
  }

  /// Responds to the request, then reads the next one or closes the connection.
  ///
  /// - Parameter body: `nil` if the response cannot have one.
  func respond(status: Int, fields: [HeaderField], body: [UInt8]?) {
    session = nil
    run?.abandon()
    run = nil
    phase = .writing
    loop.setTimer(self, after: loop.context.configuration.stallTimeout)
    if loop.isDraining { flags.insert(.closes) }
    let mayHaveBody = status != 204 && status != 304
    // Content is forbidden, and a length of 0 must state that (RFC 9110, 15.3.6).
    let body = status == 205 ? [] : body
    // Without a body and a length, only the end of the connection delimits the response (RFC 9112, 6.3).
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

  /// Returns the bytes of the head. A field that cannot be sent is omitted and logged.
  func encode(
    _ status: Int,
    _ fields: [HeaderField],
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

  /// Sends bytes of the connection's own, after those that wait.
  func send(_ bytes: [UInt8]) {
    if output.isEmpty { output = bytes } else { output += bytes }
    if !flags.contains(.blocked) { flush() }
  }

  /// Called when the kernel accepts bytes again.
  func becameWritable() {
    if !output.isEmpty || unsentChunk != nil { flush() }
    if phase == .streaming, output.isEmpty, unsentChunk == nil, flags.contains(.needsWritableNotification) {
      flags.remove(.needsWritableNotification)
      session?.becameWritable()
    }
    if run != nil, phase == .streaming {
      if output.isEmpty { watchForStall() }
      sendBody()
    }
  }

  /// Starts to watch for the kernel to accept bytes again.
  func block() {
    flags.insert(.blocked)
    guard !flags.contains(.watchesWritable) else { return }
    flags.insert(.watchesWritable)
    loop.epoll.change(number, Self.initialInterest.union(.writable), token: token.bits)
  }

  /// Sends our FIN and waits for the peer's.
  func finishSending() {
    phase = .lingering
    _ = shutdown(number, Int32(SHUT_WR))
    loop.setTimer(self, after: loop.isDraining ? Self.drainLingerTimeout : Self.lingerTimeout)
    unread = []
    if flags.contains(.mayRead) { resumeLater() }
  }

  /// Called at the end of the wait for the peer's FIN. A stopping server waits only until the peer has acknowledged
  /// everything sent; a reset cannot destroy anything after that.
  func lingered() {
    guard loop.isDraining, eventsource_unsent(number) > 0 else { return close() }
    loop.setTimer(self, after: Self.drainLingerTimeout)
  }

  /// Ends a connection that would exceed the server's memory limit for all connections.
  func refuseForMemory() {
    // A route may have written much of its body before the loop receives the response.
    guard phase == .head || phase == .body || phase == .responding && run != nil else {
      return phase == .closed ? () : peerHasGone()
    }
    let retry = HeaderField("Retry-After", "5")
    request = nil
    unread = []
    flags.insert(.closes)
    if access == nil { beginAccess(nil) }
    respond(status: 503, fields: [retry], text: "the server's memory limit has been reached")
  }

  /// Makes the kernel reset the connection when it is closed.
  func setResetOnClose() { _ = eventsource_set_reset_on_close(number) }

  /// Sends the waiting data, as far as the kernel accepts it.
  private func flush() {
    flags.remove(.holdsHead)
    var hasSent = false
    while let next = sendNext() {
      if next >= 0 {
        hasSent = hasSent || next > 0
      } else if errno == EAGAIN {
        if phase == .writing || phase == .streaming && run != nil, hasSent {
          loop.setTimer(self, after: loop.context.configuration.stallTimeout)
        }
        // If the response exceeds the memory limit, the connection ends.
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

  /// Ends the connection later, because the caller may be a lane, which must not be called back.
  private func dieLater() {
    flags.insert(.dead)
    resumeLater()
  }

  /// Sends some of the waiting data. Returns `nil` if nothing waits.
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
    flags.subtract([.isHead, .takesChunks, .needsWritableNotification])
    loop.setTimer(self, after: loop.context.configuration.keepAliveTimeout)
    if flags.contains(.mayRead) || !unread.isEmpty { resumeLater() }
  }
}
