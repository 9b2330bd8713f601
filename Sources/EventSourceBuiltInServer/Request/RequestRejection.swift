/// Why a request is refused before anybody looks at it: the status, and one line for the person who wrote the client.
///
/// After a rejection nobody knows where the next request would begin, so the connection is closed.
struct RequestRejection: Error, Sendable, Hashable {
  /// The status code: 400, 413, 414, 417, 431, 501 or 505.
  var status: Int
  /// One line without a line end. It never repeats what the peer sent.
  var reason: String

  init(status: Int = 400, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}
