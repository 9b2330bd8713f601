public import EventSourceServer

/// An ordinary request, as passed to a route's closure: complete, validated, and owned by the closure.
public struct BuiltInRequest: EventStreamRequest, Sendable {
  /// The method, in the case received. `HEAD` for a HEAD request that a GET route serves.
  public var method: String
  /// The path and the query as received, not decoded.
  public var target: String
  /// The fields in the order received, without Connection, Content-Length, Trailer and Transfer-Encoding.
  public var fields: [HeaderField]
  /// The peer's address without a port. Behind a proxy, this is the proxy's address, unless
  /// ``BuiltInServer/Configuration/trustedProxies`` includes the proxy. `nil` if the peer has already disconnected, and
  /// for a UNIX socket.
  public var peer: String?
  /// The path, beginning with `/`, not decoded.
  public var path: String
  /// The names and values of the query, decoded, in order.
  public var query: [HeaderField]
  /// The named segments of the route's pattern, decoded.
  public var pathParameters: [String: String]
  /// The body without its framing, at most ``BuiltInServer/Configuration/maximumBodyBytes``.
  public var body: [UInt8]

  /// Creates a request. The server does this, and so can a test of a route's closure. Returns `nil` if the target is
  /// not a path or its query does not decode to UTF-8.
  public init?(
    method: String = "GET",
    target: String,
    fields: [HeaderField] = [],
    peer: String? = nil,
    pathParameters: [String: String] = [:],
    body: [UInt8] = []
  ) {
    guard let parts = RequestTarget(target) else { return nil }
    self.method = method
    self.target = target
    self.fields = fields
    self.peer = peer
    path = parts.path
    query = parts.query
    self.pathParameters = pathParameters
    self.body = body
  }

  /// Returns the first value of a field with this name. The comparison ignores case.
  public func field(_ name: String) -> String? { fields.values(of: name).first }

  /// Returns the first value of a query item with this name. The comparison is exact.
  public func queryItem(_ name: String) -> String? { query.first { $0.name == name }?.value }

  /// The body as text. Bytes that are not UTF-8 become U+FFFD.
  public var text: String { String(decoding: body, as: UTF8.self) }
}
