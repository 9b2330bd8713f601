internal import Foundation

/// A cookie as set by a response (RFC 6265, 5.2 and 5.3).
struct Cookie: Sendable, Equatable {
  /// The maximum size in bytes of a name and its value together.
  static let maximumBytes = 4096
  /// The maximum lifetime in seconds: 400 days.
  private static let longestLife = 400.0 * 86_400

  let name: String
  let value: String
  let domain: String
  /// Whether it is sent only to the host that set it, and not to hosts below its domain.
  let isHostOnly: Bool
  let path: String
  let isSecure: Bool
  /// The time when it expires. `nil` means when the source ends.
  let expiry: Date?

  /// Parses a value of `Set-Cookie`. Returns `nil` if it is not a cookie, or not one that this URL can set.
  init?(_ text: String, from url: URL, at now: Date) {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false).map(Self.pair)
    guard let first = parts.first, let value = first.value, !first.name.isEmpty,
      first.name.utf8.count + value.utf8.count <= Self.maximumBytes,
      !text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }), let host = url.host?.lowercased()
    else { return nil }
    (name, self.value) = (first.name, value)
    var (domain, path, isSecure) = ("", Self.defaultPath(url), false)
    var maximumAge: Date?
    var expires: Date?
    for (name, value) in parts.dropFirst() {
      switch (name.lowercased(), value ?? "") {
      case ("domain", let value): domain = value.lowercased().trimmingPrefix(".").description
      case ("path", let value): path = value.hasPrefix("/") ? value : Self.defaultPath(url)
      case ("secure", _): isSecure = true
      case ("max-age", let value): maximumAge = Self.seconds(value).map { now + min($0, Self.longestLife) }
      case ("expires", let value): expires = CookieDate.parse(value).map { min($0, now + Self.longestLife) }
      default: break
      }
    }
    (isHostOnly, self.domain) = domain.isEmpty || domain == host ? (domain.isEmpty, host) : (false, domain)
    (self.path, self.isSecure) = (path, isSecure)
    expiry = maximumAge ?? expires
    guard Self.isHost(host, in: self.domain), domain == host || domain.isEmpty || domain.contains("."),
      !isSecure || url.scheme?.lowercased() == "https"
    else { return nil }
  }

  private static func pair(_ text: Substring) -> (name: String, value: String?) {
    let sides = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    return (sides[0], sides.count > 1 ? sides[1] : nil)
  }

  private static func seconds(_ text: String) -> Double? {
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Double(text)
  }

  /// Returns the directory of a URL's path (RFC 6265, 5.1.4).
  private static func defaultPath(_ url: URL) -> String {
    let path = url.path(percentEncoded: true)
    guard path.hasPrefix("/"), let last = path.lastIndex(of: "/"), last != path.startIndex else { return "/" }
    return String(path[..<last])
  }

  /// Returns whether a host equals a domain or is below it. An IP address is not below any domain (RFC 6265, 5.1.3).
  private static func isHost(_ host: String, in domain: String) -> Bool {
    if host == domain { return true }
    let isAddress = host.contains(":") || host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
    return !isAddress && host.hasSuffix("." + domain)
  }

  /// Returns whether the cookie is sent to a URL (RFC 6265, 5.4).
  func isSent(to url: URL, at now: Date) -> Bool {
    guard let host = url.host?.lowercased(), isHostOnly ? host == domain : Self.isHost(host, in: domain),
      !isSecure || url.scheme?.lowercased() == "https", expiry.map({ $0 > now }) ?? true
    else { return false }
    let path = url.path(percentEncoded: true)
    let rest =
      (path.isEmpty ? "/" : path).utf8.starts(with: self.path.utf8) ? path.utf8.dropFirst(self.path.utf8.count) : nil
    guard let rest else { return false }
    return rest.isEmpty || self.path.hasSuffix("/") || rest.first == UInt8(ascii: "/")
  }
}
