internal import EventSourceFormat
internal import Foundation

/// Where the rest of a single response can be had that may have been started only once.
struct Resumption {
  /// The server's offer.
  private var location: URL?
  /// An event came that had no ID, so that nobody can say what comes after it.
  private var hasUnnamed = false
  /// A `retry` came behind the last event: the server sends its reader away, to return.
  private var isFollowedByRetry = false

  /// Whether the rest can be had.
  var isPossible: Bool { location != nil && !hasUnnamed }
  /// Whether a response that has come to its end goes on elsewhere.
  var isSentAway: Bool { isPossible && isFollowedByRetry }

  /// The head of a stream has come. A location of another origin is not followed: the request's secrets are not its.
  mutating func opened(_ head: ResponseHead) {
    isFollowedByRetry = false
    guard location == nil, let text = head.headers.values(of: "Location").first, !text.isEmpty,
      let url = URL(string: text, relativeTo: head.url)?.absoluteURL, Redirection.isHTTP(url),
      Redirection.origin(url) == Redirection.origin(head.url)
    else { return }
    location = url
  }

  mutating func received(_ event: ReceivedEvent) {
    guard location != nil else { return }
    isFollowedByRetry = false
    if event.id == nil, event.type != EventSource.Gap.eventType { hasUnnamed = true }
  }

  mutating func receivedRetry() { isFollowedByRetry = true }

  /// The request for the rest, made of the request that began the response; that itself before there is an offer.
  func request(_ first: SubscriptionRequest) -> SubscriptionRequest {
    guard let location else { return first }
    var request = first
    request.url = location
    request.method = "GET"
    request.body = nil
    for name in ["Content-Type", "Content-Encoding", "Content-Language", "Content-Location"] {
      request.headers.removeAll(of: name)
    }
    return request
  }
}
