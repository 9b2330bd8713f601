/// An error that supplies its own response. If a route's closure throws it, the response is sent and no failure is
/// logged. Most other errors get a 500 that does not reveal the error.
public protocol RouteError: Error {
  /// The response to send.
  var response: BuiltInResponse { get }
}
