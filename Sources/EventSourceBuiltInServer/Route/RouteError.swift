/// An error with which a route's closure answers: thrown by the closure, it is sent as its response, and not logged as
/// a failure. Any other error is answered with a 500 that does not tell.
public protocol RouteError: Error {
  /// The answer.
  var response: BuiltInResponse { get }
}
