import EventSourceServer
import Glibc

/// One connection, from its acceptance to its end; on its loop's thread only.
///
/// It is small, because a subscriber keeps one for hours: what only a request needs is in ``PendingRequest``, which is
/// gone when the request has been read. It is itself the response that the handler writes to.
final class Connection {
  /// What the connection is doing. Each case lists its successors; `closed` follows every one.
  enum Phase: UInt8 {
    /// Between requests, or reading a head. -> body, responding, writing (a rejection)
    case head
    /// Reading a body. -> responding, writing (a rejection)
    case body
    /// An endpoint has the request; nothing is read meanwhile. -> writing, streaming
    case responding
    /// A response is queued or partly sent. -> head, lingering
    case writing
    /// The handler writes, or a route writes the body of its response. -> writing (what is left of it), lingering
    case streaming
    /// Our FIN is sent, and the peer's is waited for: to close with unread bytes from the peer would be a reset, which
    /// may overtake the end of the response (RFC 9112, 9.6).
    case lingering
    case closed
  }

  /// What is known of the connection besides its phase.
  struct Flags: OptionSet {
    let rawValue: UInt16
    /// There may be bytes to read, or the peer's FIN; epoll tells it once.
    static let mayRead = Flags(rawValue: 1)
    /// The peer has sent its FIN.
    static let peerFinished = Flags(rawValue: 2)
    /// The kernel's send buffer was full at the last attempt.
    static let blocked = Flags(rawValue: 4)
    /// EPOLLOUT is watched; once it is, it stays so, since edges cost nothing while they do not come.
    static let watchesWritable = Flags(rawValue: 8)
    /// The exchange was promised to be told when it can write.
    static let owesWritable = Flags(rawValue: 16)
    /// ``Connection/resume()`` will be called.
    static let resumes = Flags(rawValue: 32)
    /// A send failed: the peer has gone, and ``Connection/resume()`` will say so.
    static let dead = Flags(rawValue: 64)
    /// The request being served is HEAD.
    static let isHead = Flags(rawValue: 128)
    /// The connection ends with this response.
    static let closes = Flags(rawValue: 256)
    /// At least one response was sent.
    static let served = Flags(rawValue: 512)
    /// The request being served is of HTTP/1.1, so that its response may be chunked.
    static let takesChunks = Flags(rawValue: 1024)
    /// What is written to the stream is framed as chunks.
    static let isChunked = Flags(rawValue: 2048)
    /// The access log will be told.
    static let isLogged = Flags(rawValue: 4096)
  }

  /// What is watched until a write comes short.
  static let initialInterest: Epoll.Events = [.readable, .peerFinished, .onChange]

  let token: ConnectionToken
  let loop: ServerLoop
  private var descriptor: Descriptor?
  var phase = Phase.head
  var flags: Flags = []
  /// How much of ``output`` has been sent.
  var outputSent = 0
  /// What the kernel did not take yet, of an ordinary response or of a stream's head.
  var output: [UInt8] = []
  /// What the kernel has not taken of a stream's chunk of which it has taken a part; sent before ``output``.
  var unsentChunk: UnsentChunk?
  /// How many bytes the connection is charged with, of those that the server may hold for all.
  var chargedBytes: UInt32 = 0
  /// What was read beyond the request that is being served.
  var unread: [UInt8] = []
  /// The request that is being read; nil between requests.
  var request: PendingRequest?
  /// The handler's side of the request that is being served, or of the stream.
  var exchange: EventStreamExchange?
  /// What the access log will be told of the request that is being served.
  var access: PendingAccess?
  /// The route that is answering the request, or writing the body of its response.
  var run: RouteRun?

  init(_ descriptor: consuming Descriptor, token: ConnectionToken, loop: ServerLoop) {
    self.descriptor = consume descriptor
    self.token = token
    self.loop = loop
  }

  /// The descriptor's number, valid until the connection is closed.
  var number: Int32 { token.descriptor }

  /// Whether it is between requests.
  var isIdle: Bool { phase == .head && request == nil && unread.isEmpty }
  /// Whether it has served a request.
  var hasServed: Bool { flags.contains(.served) }

  /// Waits for the first request, or tells that there is no room for one.
  func begin(_ refusal: ConnectionRefusal?) {
    loop.setTimer(self, after: loop.context.configuration.headTimeout)
    guard let refusal else { return }
    flags.insert(.closes)
    beginAccess(nil)
    respond(status: refusal.status, fields: [EventStreamField("Retry-After", "5")], text: "too many connections")
  }

  /// What epoll reports.
  func take(_ events: Epoll.Events) {
    if !events.isDisjoint(with: .dead) { return peerHasGone() }
    if events.contains(.writable), flags.contains(.blocked) {
      flags.remove(.blocked)
      becameWritable()
    }
    if !events.isDisjoint(with: [.readable, .peerFinished]) {
      flags.insert(.mayRead)
      if events.contains(.peerFinished) { flags.insert(.peerFinished) }
      read()
    }
  }

  /// Has ``resume()`` called in the next round.
  func resumeLater() {
    guard !flags.contains(.resumes) else { return }
    flags.insert(.resumes)
    loop.resumeLater(self)
  }

  /// Goes on where a call from the lane, or the connection's share of a round, had to end.
  func resume() {
    flags.remove(.resumes)
    if flags.contains(.dead) { return peerHasGone() }
    read()
    sendBody()
  }

  /// The deadline of the phase has passed.
  func timerExpired() {
    switch phase {
    case .head where request == nil: close()
    case .head: reject(RequestRejection(status: 408, "the request did not come to its end in time"))
    case .body: reject(RequestRejection(status: 408, "the request's body did not come to its end in time"))
    case .writing: close(reset: true)
    case .lingering: lingered()
    case .responding: run.map(routeTimedOut)
    case .streaming where run != nil: cutOff()
    case .streaming, .closed: break
    }
  }

  /// Tells whoever serves the request that nobody waits for it any more, and closes.
  func peerHasGone() {
    let exchange = exchange
    close()
    exchange?.peerGone()
  }

  /// Closes the descriptor and lets go of everything; nothing is told to the exchange.
  ///
  /// - Parameter reset: Drops what the kernel has not sent and tells the peer that this is not the regular end.
  func close(reset: Bool = false) {
    guard phase != .closed else { return }
    // The rest of a body that a route writes is missing.
    if reset || phase == .streaming && run != nil { setResetOnClose() }
    phase = .closed
    endAccess()
    loop.remove(self)
    run?.abandon()
    run = nil
    exchange = nil
    request = nil
    output = []
    unread = []
    unsentChunk = nil
    loop.context.memory.release(self)
    descriptor = nil
  }

  /// The bytes that the connection holds for what is being read or sent, but for those of the hubs' logs.
  var heldBytes: Int { output.count + unread.count + (request?.heldBytes ?? 0) + (run?.pendingBytes ?? 0) }
}
