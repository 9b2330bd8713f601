/// An HTTP client, supplied by the application, that sends a request and returns the response.
///
/// A transport does not follow redirects, keeps no cache and adds no cookies of its own. It returns the head without
/// waiting for the first byte of the body. It decodes the content codings that it has requested.
public protocol EventSourceTransport: Sendable {
  /// Sends a request and returns once the head of the final response has arrived. Responses with 1xx are skipped.
  ///
  /// Cancelling the calling task closes the connection immediately, before and after the head has arrived.
  ///
  /// - Throws: Any error, if there is no response: the name cannot be resolved, or the connection is refused or breaks.
  func send(_ request: SubscriptionRequest) async throws -> TransportResponse
}

/// A response whose body is still arriving.
public struct TransportResponse: Sendable {
  /// The head.
  public var head: ResponseHead
  /// The body. It can be read once, by one reader.
  public var body: any TransportBody

  /// Creates a response.
  public init(head: ResponseHead, body: any TransportBody) {
    self.head = head
    self.body = body
  }
}

/// The body of a response, as it arrives.
public protocol TransportBody: Sendable {
  /// Returns the next bytes, at least one, or `nil` at the end of a complete body. It is called again only after it has
  /// returned, so a reader that does not call it makes the peer wait.
  ///
  /// Cancelling the calling task closes the connection and makes the call throw soon.
  ///
  /// - Throws: Any error, if the body breaks off before its end.
  func next() async throws -> [UInt8]?

  /// Closes the connection unless the body has ended. The reader can call it any number of times while ``next()`` is
  /// not running.
  func cancel()
}
