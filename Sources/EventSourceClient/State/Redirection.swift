import Foundation

/// Follows redirects in the same way for every transport (WHATWG Fetch, HTTP-redirect fetch; RFC 9110, 15.4).
enum Redirection {
  /// The maximum number of redirects. More count as a loop.
  static let most = 20

  /// Returns the next request. Returns `nil` if the response is not a redirect or has no location; it is then evaluated
  /// like any other response.
  ///
  /// - Throws: A ``SubscriptionError`` for a location that cannot be followed.
  static func next(
    after request: SubscriptionRequest, _ head: ResponseHead
  ) throws(SubscriptionError) -> SubscriptionRequest? {
    guard [301, 302, 303, 307, 308].contains(head.status), let location = head.headers.values(of: "Location").first
    else { return nil }
    guard !location.isEmpty else { throw error("a redirect has an empty Location", head) }
    guard let url = URL(string: location, relativeTo: request.url)?.absoluteURL, isHTTP(url) else {
      throw error("a redirect leads to \"\(URL.redact(location))\", which is no http or https URL", head)
    }
    var next = request
    next.url = url
    let isPost = request.method == "POST"
    if (isPost && head.status <= 302) || (head.status == 303 && request.method != "GET" && request.method != "HEAD") {
      next.method = "GET"
      next.body = nil
      for name in ["Content-Type", "Content-Encoding", "Content-Language", "Content-Location"] {
        next.headers.removeAll(of: name)
      }
    }
    if origin(url) != origin(request.url) {
      for name in ["Authorization", "Proxy-Authorization", "Cookie"] { next.headers.removeAll(of: name) }
    }
    return next
  }

  static func error(_ message: String, _ head: ResponseHead) -> SubscriptionError {
    SubscriptionError(.redirect, message, head: head)
  }

  static func isHTTP(_ url: URL) -> Bool {
    ["http", "https"].contains(url.scheme?.lowercased() ?? "") && url.host?.isEmpty == false
  }

  /// Returns scheme, host and port.
  static func origin(_ url: URL) -> String {
    let scheme = url.scheme?.lowercased() ?? ""
    return "\(scheme)://\(url.host?.lowercased() ?? ""):\(url.port ?? (scheme == "https" ? 443 : 80))"
  }
}
