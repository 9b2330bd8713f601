/// A reason to reject a request before it reaches an endpoint: the status, and one line for the author of the client.
///
/// After a rejection, the beginning of the next request is unknown, so the connection is closed.
struct RequestRejection: Error, Sendable, Hashable {
  /// The status code: 400, 413, 414, 417, 431, 501 or 505.
  var status: Int
  /// One line without a line end. It never repeats bytes from the peer.
  var reason: String

  init(status: Int = 400, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}
