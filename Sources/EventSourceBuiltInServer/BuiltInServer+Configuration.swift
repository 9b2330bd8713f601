public import EventSourceServer

extension BuiltInServer {
  /// The listening address, limits and timeouts of a server. Every value has a default that suits a small service.
  public struct Configuration: Sendable, Hashable {
    /// Where to listen: an IPv4 or IPv6 address, or `localhost`, which is 127.0.0.1. `0.0.0.0` is every IPv4 address of
    /// the machine, `::` every address of both kinds.
    public var host = "127.0.0.1"
    /// The port; 0 lets the system choose one.
    public var port = 0
    /// The path of a UNIX socket to listen on instead of a port, or `@` and a name in the abstract namespace.
    ///
    /// A stale socket at the path is replaced. The server removes its own socket when it stops. The folder's
    /// permissions and the umask control who may connect.
    public var unixSocket: String?
    /// A socket that is already listening, instead of a host and a port. It may come from systemd
    /// (``systemdDescriptor``) or a parent process. The server duplicates the descriptor; the caller keeps its own.
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
    /// The number of serving threads. One serves thousands of readers. A connection is assigned to the thread with the
    /// fewest connections and stays there.
    public var threads = 1

    /// The maximum number of connections. Further connections get 503 with `Retry-After` and are closed, at most 64 at
    /// a time; others wait in the kernel's queue.
    public var maximumConnections = 10_000
    /// How many connections one IPv4 address may have at a time, or one IPv6 network of 64 bits, which is what one
    /// customer of a provider gets at least; one beyond is told 429 with `Retry-After`, and closed. Nil:
    /// as many as there are. ``trustedProxies`` may have any number.
    public var maximumConnectionsPerPeer: Int?
    /// The proxies that are trusted to name their clients. With `nil` the peer is always the connecting address.
    public var trustedProxies: TrustedProxies?
    /// The maximum size of a request's line and fields, in bytes. A larger head gets 431.
    public var maximumHeadBytes = 16 * 1024
    /// The maximum length of a request target, in bytes. A longer one gets 414.
    public var maximumTargetBytes = 8 * 1024
    /// The maximum size of a request body, in bytes. A larger one gets 413.
    public var maximumBodyBytes = 1024 * 1024
    /// The maximum bytes buffered over all connections, of requests being read and responses being sent. Beyond it,
    /// requests get 503. Events do not count: the hub limits them. Bodies sent to event streams are discarded, not
    /// buffered.
    public var maximumBufferedBytes = 256 * 1024 * 1024
    /// Whether ``BuiltInServer/start()`` raises the process's descriptor limit to the hard limit and logs that. The
    /// usual soft limit of 1,024 is lower than the default number of connections.
    public var raisesDescriptorLimit = true

    /// The maximum time to receive a head, from its first byte to its last. After it, the request gets 408. A new
    /// connection that sends nothing for this long is closed.
    public var headTimeout: Duration = .seconds(10)
    /// The maximum time to receive a request body after the head. After it, the request gets 408.
    public var bodyTimeout: Duration = .seconds(30)
    /// How long a route's closure may take to return its response; then the request is answered with 503, the closure's
    /// task is canceled, and what it returns later is dropped. A route may have a time of its own
    /// (``BuiltInServer/route(_:_:timeout:crossOrigin:_:)``). A ``StreamedBody`` is written after that, and may take as
    /// long as it likes.
    public var routeTimeout: Duration = .seconds(60)
    /// The maximum idle time between two requests. After it, the connection is closed.
    public var keepAliveTimeout: Duration = .seconds(60)
    /// The time after which a connection that accepts nothing of an ordinary response is reset. Streams have their
    /// handler's stall timeout.
    public var stallTimeout: Duration = .seconds(30)
    /// The time after which the kernel drops a connection whose peer acknowledges neither data nor keep-alive probes.
    /// It detects readers whose machine or network has vanished. Whole seconds, at least 6.
    ///
    /// It also limits how long a responsive peer may have no room for data (TCP_USER_TIMEOUT on Linux), so it should be
    /// longer than the stall timeouts here and of the handlers.
    public var peerTimeout: Duration = .seconds(60)

    /// The kernel's send buffer per connection, in bytes (SO_SNDBUF, which Linux doubles). With `nil` the kernel
    /// adjusts it to the connection's speed. A small buffer bounds what a slow reader holds; a large one saves
    /// wake-ups.
    public var sendBufferBytes: Int?

    /// Which pages of other origins may read what the routes answer, unless the route has a policy of its own; also
    /// what the server answers where nothing is served. Streams have the policy of their handler.
    public var crossOrigin = CrossOriginPolicy.sameOriginOnly

    /// Creates the default configuration.
    public init() {}

    /// Checks every value.
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
