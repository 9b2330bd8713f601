public import Foundation

/// The head of a response.
public struct ResponseHead: Sendable, Hashable {
  /// The status.
  public var status: Int
  /// The fields.
  public var headers: [HeaderField]
  /// Where it came from, after redirects: its origin is that of the events (WHATWG HTML 9.2.6).
  public var url: URL

  /// Makes a head.
  public init(status: Int, headers: [HeaderField] = [], url: URL) {
    self.status = status
    self.headers = headers
    self.url = url
  }
}

extension ResponseHead: CustomStringConvertible, CustomReflectable {
  /// The status, and the URL without what may be secret.
  public var description: String { "\(status) from \(url.redacted)" }

  /// What debuggers and `dump` show: no query, no field.
  public var customMirror: Mirror { Mirror(self, children: ["status": status, "url": url.redacted]) }
}
