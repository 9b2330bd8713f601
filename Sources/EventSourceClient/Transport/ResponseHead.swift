public import Foundation

/// The head of a response.
public struct ResponseHead: Sendable, Hashable {
  /// The status.
  public var status: Int
  /// The fields.
  public var headers: [HeaderField]
  /// The URL of the response, after redirects. Its origin is the origin of the events (WHATWG HTML 9.2.6).
  public var url: URL

  /// Creates a head.
  public init(status: Int, headers: [HeaderField] = [], url: URL) {
    self.status = status
    self.headers = headers
    self.url = url
  }
}

extension ResponseHead: CustomStringConvertible, CustomReflectable {
  /// The status and the redacted URL.
  public var description: String { "\(status) from \(url.redacted)" }

  /// The representation for debuggers and `dump`, without the query and the fields.
  public var customMirror: Mirror { Mirror(self, children: ["status": status, "url": url.redacted]) }
}
