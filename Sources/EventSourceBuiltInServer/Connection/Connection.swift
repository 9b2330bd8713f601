import EventSourceServer
import Glibc

/// One connection, from its acceptance to its end. Used on its loop's thread only.
///
/// It is small, because a subscriber keeps its connection for hours. Data that only a request needs is in
/// ``PendingRequest``, which is released when the request has been read. The connection itself is the response that the
/// handler writes to.
final class Connection {
  /// The activity of the connection. Each case lists its successors; `closed` follows every one.
  enum Phase: UInt8 {
    /// Between requests, or reading a head. -> body, responding, writing (a rejection)
    case head
    /// Reading a body. -> responding, writing (a rejection)
    case body
    /// An endpoint has the request; nothing is read. -> writing, streaming
    case responding
    /// A response is queued or partly sent. -> head, lingering
    case writing
    /// The handler writes, or a route writes the body of its response. -> writing (the rest of the response), lingering
    case streaming
    /// Our FIN is sent, and the peer's is awaited. Closing with unread bytes would cause a reset, which can overtake
    /// the end of the response (RFC 9112, 9.6).
    case lingering
    case closed
  }

  /// The state of the connection besides its phase.
  struct Flags: OptionSet {
    let rawValue: UInt16
    /// There may be bytes to read, or the peer's FIN. epoll reports this once.
    static let mayRead = Flags(rawValue: 1)
    /// The peer has sent its FIN.
    static let peerFinished = Flags(rawValue: 2)
    /// The kernel's send buffer was full at the last attempt.
    static let blocked = Flags(rawValue: 4)
    /// EPOLLOUT is watched. Once set, this stays set, because edges that do not occur cost nothing.
    static let watchesWritable = Flags(rawValue: 8)
    /// The session must be notified when it can write.
    static let needsWritableNotification = Flags(rawValue: 16)
    /// ``Connection/resume()`` will be called.
    static let resumes = Flags(rawValue: 32)
    /// A send failed: the peer has disconnected, and ``Connection/resume()`` will report it.
    static let dead = Flags(rawValue: 64)
    /// The request being served is HEAD.
    static let isHead = Flags(rawValue: 128)
    /// The connection ends with this response.
    static let closes = Flags(rawValue: 256)
    /// At least one response was sent.
    static let served = Flags(rawValue: 512)
    /// The request being served is HTTP/1.1, so its response can be chunked.
    static let takesChunks = Flags(rawValue: 1024)
    /// The data of the stream is framed as chunks.
    static let isChunked = Flags(rawValue: 2048)
    /// The access log will get a record.
    static let isLogged = Flags(rawValue: 4096)
    /// A stream's head is in ``output`` and waits for the first bytes of the stream. No attempt to send it has been
    /// made.
    static let holdsHead = Flags(rawValue: 8192)
  }

  /// The events watched until the first short write.
  static let initialInterest: Epoll.Events = [.readable, .peerFinished, .onChange]

  let token: ConnectionToken
  let loop: ServerLoop
  private var descriptor: Descriptor?
  var phase = Phase.head
  var flags: Flags = []
  /// The number of bytes of ``output`` already sent.
  var outputSent = 0
  /// The bytes of an ordinary response or of a stream's head that the kernel has not accepted yet.
  var output: [UInt8] = []
  /// The unsent rest of a stream's chunk that the kernel has accepted partially. Sent before ``output``.
  var unsentChunk: UnsentChunk?
  /// The number of bytes charged to the connection, out of the server's limit for all connections.
  var chargedBytes: UInt32 = 0
  /// Bytes read beyond the request that is being served.
  var unread: [UInt8] = []
  /// The request being read. `nil` between requests.
  var request: PendingRequest?
  /// The handler's side of the request or stream being served.
  var session: EventStreamSession?
  /// The access record of the request being served.
  var access: PendingAccess?
  /// The route that is responding to the request, or writing the body of its response.
  var run: RouteRun?

  init(_ descriptor: consuming Descriptor, token: ConnectionToken, loop: ServerLoop) {
    self.descriptor = consume descriptor
    self.token = token
    self.loop = loop
  }

  /// The descriptor's number, valid until the connection is closed.
  var number: Int32 { token.descriptor }

  /// Whether the connection is between requests.
  var isIdle: Bool { phase == .head && request == nil && unread.isEmpty }
  /// Whether the connection has served a request.
  var hasServed: Bool { flags.contains(.served) }

  /// Waits for the first request, or rejects the connection.
  func begin(_ rejection: ConnectionRejection?) {
    loop.setTimer(self, after: loop.context.configuration.headTimeout)
    guard let rejection else { return }
    flags.insert(.closes)
    beginAccess(nil)
    respond(status: rejection.status, fields: [HeaderField("Retry-After", "5")], text: "too many connections")
  }

  /// Handles events from epoll.
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

  /// Schedules a call to ``resume()`` in the next round.
  func resumeLater() {
    guard !flags.contains(.resumes) else { return }
    flags.insert(.resumes)
    loop.resumeLater(self)
  }

  /// Continues work that a call from the lane or the connection's share of a round interrupted.
  func resume() {
    flags.remove(.resumes)
    if flags.contains(.dead) { return peerHasGone() }
    read()
    sendBody()
  }

  /// Called when the deadline of the phase has passed.
  func timerExpired() {
    switch phase {
    case .head where request == nil: close()
    case .head: reject(RequestRejection(status: 408, "the request was not received in time"))
    case .body: reject(RequestRejection(status: 408, "the request's body was not received in time"))
    case .writing: close(reset: true)
    case .lingering: lingered()
    case .responding: run.map(routeTimedOut)
    case .streaming where run != nil: cutOff()
    case .streaming, .closed: break
    }
  }

  /// Informs the endpoint that the peer has disconnected, then closes the connection.
  func peerHasGone() {
    let session = session
    close()
    session?.peerDisconnected()
  }

  /// Closes the descriptor and releases everything. Does not inform the session.
  ///
  /// - Parameter reset: Whether to drop data that the kernel has not sent and to tell the peer that this is not the
  ///   normal end.
  func close(reset: Bool = false) {
    guard phase != .closed else { return }
    // The rest of a route's body is missing.
    if reset || phase == .streaming && run != nil { setResetOnClose() }
    phase = .closed
    endAccess()
    loop.remove(self)
    run?.abandon()
    run = nil
    session = nil
    request = nil
    output = []
    unread = []
    unsentChunk = nil
    loop.context.memory.release(self)
    descriptor = nil
  }

  /// The bytes that the connection holds for data being read or sent, except those of the hubs' logs.
  var retainedBytes: Int { output.count + unread.count + (request?.retainedBytes ?? 0) + (run?.pendingBytes ?? 0) }
}
