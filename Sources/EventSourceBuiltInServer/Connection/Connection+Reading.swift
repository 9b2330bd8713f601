import EventSourceServer
import Glibc

extension Connection {
  /// The number of reads per round before other connections are served.
  private static let readsPerRound = 16
  /// The number of bytes that a peer may send to a stream. A small request may have been pipelined.
  static let bytesToKeep = 4096

  /// Reads as much as the phase allows. The rest stays in the kernel, which slows the peer down.
  func read() {
    for _ in 0..<Self.readsPerRound {
      switch phase {
      case .head, .body:
        if !unread.isEmpty {
          let bytes = unread
          unread = []
          bytes.withUnsafeBufferPointer(take)
          continue
        }
      case .streaming:
        // A client that has closed its sending side has nearly always disconnected, although it may still want the
        // stream. The two look the same until something is sent, which can take long. Browsers, curl and our client
        // keep their side open for as long as they want the stream.
        if flags.contains(.peerFinished) { return peerHasGone() }
        // Bytes that follow the request wait until the route has written its body.
        if run != nil { return }
      case .lingering: break
      case .responding, .writing, .closed: return
      }
      guard flags.contains(.mayRead) else { return }
      let count = recv(number, loop.scratch.baseAddress, loop.scratch.count, 0)
      if count > 0 {
        // After a short read, epoll reports new bytes as an edge of their own. It does not report a FIN again that it
        // reported with the bytes.
        if count < loop.scratch.count, !flags.contains(.peerFinished) { flags.remove(.mayRead) }
        take(UnsafeBufferPointer(rebasing: loop.scratch[..<count]))
      } else if count == 0 {
        return peerHasGone()
      } else if errno == EAGAIN {
        flags.remove(.mayRead)
      } else if errno != EINTR {
        return peerHasGone()
      }
    }
    if phase != .closed, flags.contains(.mayRead) || !unread.isEmpty { resumeLater() }
  }

  /// Handles bytes that were read.
  private func take(_ bytes: UnsafeBufferPointer<UInt8>) {
    var taken = 0
    while taken < bytes.count, phase == .head || phase == .body {
      let rest = Span(_unsafeElements: UnsafeBufferPointer(rebasing: bytes[taken...]))
      do {
        taken += phase == .head ? try takeHead(rest) : try takeBody(rest)
      } catch {
        return reject(error)
      }
    }
    let left = bytes.count - taken
    switch phase {
    case .responding, .writing: if left > 0 { unread = Array(bytes[taken...]) }
    case .streaming:
      // These bytes may be the next request, to be read after the stream.
      unread += bytes[taken...]
      if unread.count > Self.bytesToKeep { return peerHasGone() }
    case .head, .body, .lingering, .closed: break
    }
    if !loop.context.memory.account(for: self) { refuseForMemory() }
  }

  private func takeHead(_ bytes: Span<UInt8>) throws(RequestRejection) -> Int {
    let configuration = loop.context.configuration
    let pending = request ?? PendingRequest(limits: configuration.limits)
    if request == nil {
      request = pending
      loop.setTimer(self, after: configuration.headTimeout)
    }
    let (consumed, head) = try pending.headParser.parse(bytes)
    guard let head else { return consumed }
    if head.method == "HEAD" { flags.insert(.isHead) }
    if !head.keepsAlive { flags.insert(.closes) }
    if head.takesChunks { flags.insert(.takesChunks) }
    guard head.framing.hasBody else {
      dispatch(head, body: [])
      return consumed
    }
    let isKept = readsBody(head)
    if head.expectsContinue, consumed == bytes.count {
      // The final status can replace 100, and then the body is not read (RFC 9110, 10.1.1).
      guard isKept else {
        flags.insert(.closes)
        dispatch(head, body: [])
        return consumed
      }
      send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }
    pending.head = head
    pending.body = RequestBodyParser(head.framing, limits: configuration.limits, isKept: isKept)
    phase = .body
    loop.setTimer(self, after: configuration.bodyTimeout)
    return consumed
  }

  private func takeBody(_ bytes: Span<UInt8>) throws(RequestRejection) -> Int {
    guard let head = request?.head, let consumed = try request?.body?.parse(bytes) else { return bytes.count }
    if let body = request?.body, body.isComplete { dispatch(head, body: body.bytes) }
    return consumed
  }
}
