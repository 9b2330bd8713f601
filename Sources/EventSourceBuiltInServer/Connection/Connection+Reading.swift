import EventSourceServer
import Glibc

extension Connection {
  /// How many buffers full are read before other connections have their turn.
  private static let readsPerRound = 16
  /// What a peer may send to a stream before that is an error: something small may have been pipelined.
  static let bytesToKeep = 4096

  /// Reads as far as the phase allows; what cannot be read now stays with the kernel, and so holds the peer back.
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
        // A client that has closed its sending side may be one that only said it has no more requests, but nearly
        // always it is one that has gone: the two look the same until something is sent, which may be long from now.
        // Browsers, curl and our client keep their side open as long as they want the stream.
        if flags.contains(.peerFinished) { return peerHasGone() }
        // What a peer sends behind its request waits for the end of the body that a route writes.
        if run != nil { return }
      case .lingering: break
      case .responding, .writing, .closed: return
      }
      guard flags.contains(.mayRead) else { return }
      let count = recv(number, loop.scratch.baseAddress, loop.scratch.count, 0)
      if count > 0 {
        // After a short read, epoll reports what comes next as an edge of its own; a FIN that it reported with the
        // bytes it does not report again.
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

  /// Takes what was read.
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
      // They may be the next request, for when the stream is over.
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
      // Instead of 100 there may be the final status at once, and the body will not be read (RFC 9110, 10.1.1).
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
