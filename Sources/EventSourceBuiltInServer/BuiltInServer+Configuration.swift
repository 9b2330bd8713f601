public import EventSourceServer

extension BuiltInServer {
  /// How a server listens, and what it puts up with. Every value has a default that a small service can keep.
  public struct Configuration: Sendable, Hashable {
    /// Where to listen: an IPv4 or IPv6 address, or `localhost`, which is 127.0.0.1. `0.0.0.0` is every IPv4 address of
    /// the machine, `::` every address of both kinds.
    public var host = "127.0.0.1"
    /// The port; 0 lets the system choose one.
    public var port = 0
    /// Where to listen instead of at a port: the path of a UNIX socket, or behind an `@` a name in the abstract
    /// namespace.
    ///
    /// A socket that a server left at the path without listening is replaced; the server removes its own when it has
    /// stopped. Who may connect is the business of the folder's permissions and the umask.
    public var unixSocket: String?
    /// A socket that somebody has bound and listens on already, instead of a host and a port: what systemd hands over
    /// (``systemdDescriptor``), or a parent process. The server uses a duplicate, so that the descriptor stays the
    /// caller's.
    public var listeningDescriptor: Int32?
    /// Where to listen besides. Each connection is served alike, wherever it comes from.
    ///
    /// ```swift
    /// configuration.host = "0.0.0.0"
    /// configuration.port = 8080
    /// configuration.additionalSockets = [.port(8080, host: "::"), .unix("/run/app/http.sock")]
    /// ```
    ///
    /// An IPv6 socket leaves IPv4 to the socket of the same port that there is for it. If one address fails, the server
    /// does not start, the error names the address, and nothing is left open.
    public var additionalSockets: [ListeningSocket] = []
    /// How many threads serve. One serves thousands of readers; a connection stays with the thread that has the fewest
    /// when it comes.
    public var threads = 1

    /// How many connections are served at a time. One beyond is accepted, told 503 with `Retry-After`, and closed; of
    /// those at most 64 at a time, and the rest waits in the kernel's queue.
    public var maximumConnections = 10_000
    /// How many connections one IPv4 address may have at a time, or one IPv6 network of 64 bits, which is what one
    /// customer of a provider gets at least; one beyond is told 429 with `Retry-After`, and closed. Nil:
    /// as many as there are. ``trustedProxies`` may have any number.
    public var maximumConnectionsPerPeer: Int?
    /// The proxies that are believed about whose requests they pass on; nil: the peer is whoever connects.
    public var trustedProxies: TrustedProxies?
    /// The largest request line and fields, in bytes; beyond: 431.
    public var maximumHeadBytes = 16 * 1024
    /// The longest request target, in bytes; beyond: 414.
    public var maximumTargetBytes = 8 * 1024
    /// The largest request body, in bytes; beyond: 413.
    public var maximumBodyBytes = 1024 * 1024
    /// The most bytes of all connections together that are held of requests which are being read and of responses which
    /// are not yet sent; a request beyond is refused with 503. Events are not among them: their hub has a limit for
    /// those. A body that nobody reads, because it was sent to an event stream, is not held.
    public var maximumBufferedBytes = 256 * 1024 * 1024
    /// Whether ``BuiltInServer/start()`` raises the process's limit of open descriptors to the most that it may, which
    /// is logged: the usual limit of 1,024 is less than the connections that are allowed here.
    public var raisesDescriptorLimit = true

    /// How long a head may take from its first byte to its last; then 408. Also how long a new connection may say
    /// nothing; then it is closed.
    public var headTimeout: Duration = .seconds(10)
    /// How long a request's body may take as a whole, from the end of the head; then 408.
    public var bodyTimeout: Duration = .seconds(30)
    /// How long a route's closure may take to return its response; then the request is answered with 503, the closure's
    /// task is canceled, and what it returns later is dropped. A route may have a time of its own
    /// (``BuiltInServer/route(_:_:timeout:crossOrigin:_:)``). A ``StreamedBody`` is written after that, and may take as
    /// long as it likes.
    public var routeTimeout: Duration = .seconds(60)
    /// How long a connection may be silent between two requests; then it is closed.
    public var keepAliveTimeout: Duration = .seconds(60)
    /// How long the reader of an ordinary response may take none of it; then the connection is reset. Streams have the
    /// stall deadline of their hub.
    public var stallTimeout: Duration = .seconds(30)
    /// How long the kernel may get no answer from a peer, to data or to its own probes of an idle connection, before it
    /// gives the connection up; this finds readers whose machine or network has vanished. Whole seconds, from 6.
    ///
    /// It is also the longest that a peer which does answer may have no room for data (TCP_USER_TIMEOUT on Linux), so
    /// it should be longer than the stall deadlines here and of the handlers.
    public var peerTimeout: Duration = .seconds(60)

    /// The kernel's send buffer per connection, in bytes (SO_SNDBUF, which Linux doubles); nil leaves it to the kernel,
    /// which lets it grow with the connection's speed. Small bounds what a slow reader holds, large saves wake-ups.
    public var sendBufferBytes: Int?

    /// Which pages of other origins may read what the routes answer, unless the route has a policy of its own; also
    /// what the server answers where nothing is served. Streams have the policy of their handler.
    public var crossOrigin = CrossOriginPolicy.sameOriginOnly

    /// Makes the default configuration.
    public init() {}

    /// Finds what makes no sense.
    ///
    /// - Throws: ``BuiltInServerError/invalidConfiguration(_:)``, which names the value.
    public func validate() throws(BuiltInServerError) {
      try require(!host.isEmpty, "host is empty")
      try require((0...65_535).contains(port), "port is \(port), not 0 to 65535")
      if let unixSocket {
        try require(SocketAddress(unix: unixSocket) != nil, "unixSocket is empty, too long, or has a NUL")
        try require(listeningDescriptor == nil, "unixSocket and listeningDescriptor are both set")
      }
      try require(additionalSockets.count <= 1024, "additionalSockets has \(additionalSockets.count), more than 1024")
      for (index, socket) in additionalSockets.enumerated() { try socket.validate("additionalSockets[\(index)]") }
      try require((1...1024).contains(threads), "threads is \(threads), not 1 to 1024")
      let connections = 1...1 << 30
      try require(
        connections.contains(maximumConnections), "maximumConnections is \(maximumConnections), not 1 to 2^30")
      let perPeer = maximumConnectionsPerPeer ?? 1
      try require(perPeer > 0, "maximumConnectionsPerPeer is \(perPeer), not positive")
      let sizes = 1...1 << 40
      try require(sizes.contains(maximumHeadBytes), "maximumHeadBytes is \(maximumHeadBytes), not positive")
      try require(sizes.contains(maximumTargetBytes), "maximumTargetBytes is \(maximumTargetBytes), not positive")
      try require((0...1 << 40).contains(maximumBodyBytes), "maximumBodyBytes is \(maximumBodyBytes), less than 0")
      try require(sizes.contains(maximumBufferedBytes), "maximumBufferedBytes is \(maximumBufferedBytes), not positive")
      try require(headTimeout > .zero, "headTimeout is not positive")
      try require(bodyTimeout > .zero, "bodyTimeout is not positive")
      try require(routeTimeout > .zero, "routeTimeout is not positive")
      try require(keepAliveTimeout > .zero, "keepAliveTimeout is not positive")
      try require(stallTimeout > .zero, "stallTimeout is not positive")
      try require((.seconds(6)...(.seconds(86_400))).contains(peerTimeout), "peerTimeout is not 6 s to a day")
      if let sendBufferBytes {
        try require((1...1 << 30).contains(sendBufferBytes), "sendBufferBytes is \(sendBufferBytes), not positive")
      }
      do { try crossOrigin.validate() } catch { throw .invalidConfiguration("\(error)") }
    }

    private func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws(BuiltInServerError) {
      if !condition { throw .invalidConfiguration(reason()) }
    }

    /// Where to listen.
    var sockets: [ListeningSocket] {
      let first: ListeningSocket =
        if let listeningDescriptor {
          .descriptor(listeningDescriptor)
        } else if let unixSocket {
          .unix(unixSocket)
        } else {
          .port(port, host: host)
        }
      return [first] + additionalSockets
    }

    /// The same limits as the parsers know them.
    var limits: RequestLimits {
      RequestLimits(headBytes: maximumHeadBytes, targetBytes: maximumTargetBytes, bodyBytes: maximumBodyBytes)
    }
  }
}
