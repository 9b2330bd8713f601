/// What the handler has to know of a request: the first of the two protocols that an adapter implements.
///
/// An authorizer may look at a request long after the stack has reused its memory, so a conforming type is a value that
/// owns what it answers.
public protocol EventStreamRequest: Sendable {
  /// The method, in the case received: methods are case-sensitive (RFC 9110, 9.1).
  var method: String { get }

  /// The request target as received: a path, and a query if there is one (origin-form, RFC 9112, 3.2.1), not yet
  /// decoded.
  var target: String { get }

  /// The request's fields in the order received, without those that frame the message.
  var fields: [EventStreamField] { get }

  /// Who is on the other end, as the stack names it, without a port (`192.0.2.7`); nil if the stack cannot tell.
  ///
  /// Behind a proxy this is the proxy.
  var peer: String? { get }
}
