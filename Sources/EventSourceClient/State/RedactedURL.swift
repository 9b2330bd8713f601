internal import Foundation

extension URL {
  /// Scheme, host, port and path, for logs and errors. User, password, query and fragment may be secret and are
  /// omitted.
  var redacted: String { Self.redact(absoluteString) }

  /// Redacts any text that is intended as a URL.
  static func redact(_ text: String) -> String {
    let visible = text.prefix { $0 != "?" && $0 != "#" }
    guard let start = visible.range(of: "//")?.upperBound else { return String(visible) }
    let authority = visible[start...].prefix { $0 != "/" }
    guard let at = authority.lastIndex(of: "@") else { return String(visible) }
    return visible[..<start] + String(visible[visible.index(after: at)...])
  }

  /// The URL without user and password, and the corresponding value of `Authorization` (RFC 7617). `nil` if the URL
  /// names no user.
  var extractingCredentials: (url: URL, authorization: String)? {
    guard var parts = URLComponents(url: self, resolvingAgainstBaseURL: true), let user = parts.user else { return nil }
    let pair = "\(user):\(parts.password ?? "")"
    parts.user = nil
    parts.password = nil
    return parts.url.map { ($0, "Basic " + Data(pair.utf8).base64EncodedString()) }
  }
}
