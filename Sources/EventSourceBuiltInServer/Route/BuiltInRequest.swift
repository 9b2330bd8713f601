public import EventSourceServer

/// An ordinary request, as a route's closure gets it: read to its end, checked, and owned by the closure.
public struct BuiltInRequest: EventStreamRequest, Sendable {
  /// The method, in the case received. A HEAD request that is served by a GET route says `HEAD`.
  public var method: String
  /// The path and the query as received, not decoded.
  public var target: String
  /// The fields in the order received, without Connection, Content-Length, Trailer and Transfer-Encoding.
  public var fields: [EventStreamField]
  /// The address on the other end, without a port; behind a proxy, the proxy's, unless
  /// ``BuiltInServer/Configuration/trustedProxies`` says that it is believed. Nil if the peer has already gone, and
  /// over a UNIX socket.
  public var peer: String?
  /// The path, beginning with `/`, not decoded.
  public var path: String
  /// Names and values of the query, decoded, in order.
  public var query: [EventStreamField]
  /// The named segments of the route's pattern, decoded.
  public var pathParameters: [String: String]
  /// The body without its framing, at most ``BuiltInServer/Configuration/maximumBodyBytes``.
  public var body: [UInt8]

  /// Makes a request, as the server does, and a test of a route's closure; nil if the target is not a path, or its
  /// query does not decode to UTF-8.
  public init?(
    method: String = "GET",
    target: String,
    fields: [EventStreamField] = [],
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

  /// The first value of a field of this name, compared without regard to case.
  public func field(_ name: String) -> String? { fields.values(of: name).first }

  /// The first value of a query item of this name, compared exactly.
  public func queryItem(_ name: String) -> String? { query.first { $0.name == name }?.value }

  /// The body as text; bytes that are not UTF-8 become U+FFFD.
  public var text: String { String(decoding: body, as: UTF8.self) }
}
