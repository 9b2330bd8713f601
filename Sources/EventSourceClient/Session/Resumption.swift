internal import EventSourceFormat
internal import Foundation

/// The place where the rest of a single response is available, so that its request is not repeated.
struct Resumption {
  /// The server's offer.
  private var location: URL?
  /// Whether an event had no ID. The server cannot be asked for the events after it.
  private var hasUnnamed = false
  /// Whether a `retry` came after the last event. The server then ends the response and expects its reader to return.
  private var isFollowedByRetry = false

  var isOffered: Bool { location != nil }
  /// Whether the rest can be requested.
  var isPossible: Bool { isOffered && !hasUnnamed }
  /// Whether a response that ended continues at the location.
  var isSentAway: Bool { isPossible && isFollowedByRetry }

  /// Records the head of a stream. A location of another origin is ignored, so that the request's secrets are not sent
  /// there.
  mutating func opened(_ head: ResponseHead) {
    isFollowedByRetry = false
    guard location == nil, let text = head.headers.values(of: "Location").first, !text.isEmpty,
      let url = URL(string: text, relativeTo: head.url)?.absoluteURL, Redirection.isHTTP(url),
      Redirection.origin(url) == Redirection.origin(head.url)
    else { return }
    location = url
  }

  @inline(never)
  mutating func received(_ parsed: ParsedElements) {
    if parsed.hasEvent { isFollowedByRetry = false }
    if parsed.endsWithReconnectionTime { isFollowedByRetry = true }
    guard !hasUnnamed else { return }
    hasUnnamed = (0..<parsed.count).contains { index in
      guard let event = parsed.event(at: index) else { return false }
      return event.id == nil && event.type != EventSource.Gap.eventType
    }
  }

  /// Returns the request for the rest, made from the first request. Without an offer, returns the first request.
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
