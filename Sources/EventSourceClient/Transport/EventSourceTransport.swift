/// What brings a request to a server and the response back: an HTTP client, injected.
///
/// A transport follows no redirects, keeps no cache, adds no cookies of its own and waits for no body byte before it
/// answers with the head. It undoes content codings that it has asked for.
public protocol EventSourceTransport: Sendable {
  /// Sends a request and returns when the head of the final response is there; responses with 1xx are passed over.
  ///
  /// Canceling the calling task closes the connection at once, before and after the head.
  ///
  /// - Throws: Anything, when there is no response: the name cannot be resolved, the connection is refused or breaks.
  func send(_ request: SubscriptionRequest) async throws -> TransportResponse
}

/// A response whose body is still coming.
public struct TransportResponse: Sendable {
  /// The head.
  public var head: ResponseHead
  /// The body, read by one reader, once.
  public var body: any TransportBody

  /// Makes a response.
  public init(head: ResponseHead, body: any TransportBody) {
    self.head = head
    self.body = body
  }
}

/// The body of a response, as it comes.
public protocol TransportBody: Sendable {
  /// The next bytes, at least one; nil at the end of a complete body. Called again only after it has returned, so that
  /// who does not call it makes the peer wait.
  ///
  /// Canceling the calling task makes it throw soon, and closes the connection.
  ///
  /// - Throws: Anything, when the body breaks off before its end.
  func next() async throws -> [UInt8]?

  /// Closes the connection if the body has not come to its end. Called by the reader, when ``next()`` is not running,
  /// any number of times.
  func cancel()
}
