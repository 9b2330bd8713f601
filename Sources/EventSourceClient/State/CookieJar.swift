internal import Foundation

/// The cookies of one source, in memory (RFC 6265, 5.3 and 5.4).
struct CookieJar: Sendable {
  /// The maximum number of cookies. Beyond it the oldest is removed.
  static let maximumCount = 50

  private(set) var cookies: [Cookie] = []

  /// Stores the cookies that a response sets, and removes those that it expires.
  mutating func take(_ head: ResponseHead, at now: Date = Date()) {
    for text in head.headers.values(of: "Set-Cookie").flatMap(Self.split) {
      guard let cookie = Cookie(text, from: head.url, at: now) else { continue }
      cookies.removeAll { $0.name == cookie.name && $0.domain == cookie.domain && $0.path == cookie.path }
      if cookie.expiry.map({ $0 > now }) ?? true { cookies.append(cookie) }
      if cookies.count > Self.maximumCount { cookies.removeFirst() }
    }
  }

  /// Adds the stored cookies for the request's URL to the request's own. A stored cookie replaces one of the same name.
  func add(to request: inout SubscriptionRequest, at now: Date = Date()) {
    let kept = cookies.filter { $0.isSent(to: request.url, at: now) }.sorted { $0.path.utf8.count > $1.path.utf8.count }
    guard !kept.isEmpty else { return }
    let own = request.headers.values(of: "Cookie").flatMap { $0.split(separator: ";") }
      .map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { pair in !kept.contains { pair.hasPrefix($0.name + "=") } }
    request.headers.set("Cookie", (own + kept.map { "\($0.name)=\($0.value)" }).joined(separator: "; "))
  }

  /// Splits a field in which Foundation has joined several values by commas. A comma inside a date is not followed by a
  /// name and an equals sign.
  static func split(_ field: String) -> [String] {
    var values: [String] = []
    for piece in field.split(separator: ",", omittingEmptySubsequences: false) {
      let name = piece.prefix { $0 != "=" && $0 != ";" }
      let beginsCookie =
        name.endIndex < piece.endIndex && piece[name.endIndex] == "="
        && !name.trimmingCharacters(in: .whitespaces).contains(" ")
      if values.isEmpty || beginsCookie {
        values.append(String(piece))
      } else {
        values[values.count - 1] += "," + piece
      }
    }
    return values
  }
}
