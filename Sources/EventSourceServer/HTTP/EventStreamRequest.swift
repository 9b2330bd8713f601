/// A request, as the handler sees it. The first of the two protocols that an adapter implements.
///
/// An authorizer may use a request long after the stack has reused its buffers, so a conforming type must own its
/// strings.
public protocol EventStreamRequest: Sendable {
  /// The method, as received. Methods are case-sensitive (RFC 9110, 9.1).
  var method: String { get }

  /// The request target, as received and not decoded: a path and an optional query (origin-form, RFC 9112, 3.2.1).
  var target: String { get }

  /// The request's fields in the order received, except those that frame the message.
  var fields: [EventStreamField] { get }

  /// The peer's address as the stack reports it, without a port, such as `192.0.2.7`. `nil` if the stack does not know.
  ///
  /// Behind a proxy this is the proxy's address, unless the stack is configured to trust the proxy.
  var peer: String? { get }
}
