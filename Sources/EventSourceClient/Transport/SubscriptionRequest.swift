public import Foundation

/// The request that a source sends on each attempt.
public struct SubscriptionRequest: Sendable, Hashable {
  /// An `http` or `https` URL. Every transport sends a user and password in it as basic authentication, unless there is
  /// an `Authorization` field.
  public var url: URL
  /// The method.
  public var method: String
  /// Fields to send besides those of every attempt: `Accept`, `Cache-Control`, `Pragma`, `User-Agent` and, if there is
  /// an ID, `Last-Event-ID`. A field given here replaces the one of that name. `Last-Event-ID` is only the initial ID,
  /// unless ``EventSource/Configuration/lastEventID`` is set. Later attempts send the ID of the last event.
  public var headers: [HeaderField]
  /// The body, sent again on each attempt.
  public var body: [UInt8]?
  /// The maximum time to connect. `nil` means as long as the transport allows. A source fills in
  /// ``EventSource/Configuration/connectTimeout`` if it is `nil`.
  public var connectTimeout: Duration?

  /// Creates a request.
  public init(_ url: URL, method: String = "GET", headers: [HeaderField] = [], body: [UInt8]? = nil) {
    self.url = url
    self.method = method
    self.headers = headers
    self.body = body
  }
}

extension SubscriptionRequest {
  /// Creates a POST whose body is a value encoded as JSON, as the APIs of language models expect.
  ///
  /// - Throws: Any error of the encoder.
  public init(
    _ url: URL, json value: some Encodable, headers: [HeaderField] = [], by encoder: JSONEncoder = JSONEncoder()
  ) throws {
    self.init(url, method: "POST", headers: headers, body: Array(try encoder.encode(value)))
    if self.headers.values(of: "Content-Type").isEmpty {
      self.headers.append(HeaderField("Content-Type", "application/json"))
    }
  }
}

extension SubscriptionRequest {
  /// The reason why the request cannot be sent or would be ambiguous on the wire (RFC 9110, 5.1, 5.5 and 9.1). `nil` if
  /// there is none. Field values are not included, because they may be secret.
  var firstFlaw: String? {
    guard Redirection.isHTTP(url) else { return "\"\(url.redacted)\" is no http or https URL with a host" }
    guard (1...65_535).contains(url.port ?? 80) else { return "\(url.port ?? 0) is no port from 1 to 65535" }
    guard Self.isToken(method) else { return "its method \"\(method)\" is no token" }
    for field in headers {
      guard Self.isToken(field.name) else { return "the name of its field \"\(field.name)\" is no token" }
      guard !field.value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
        return "the value of its field \"\(field.name)\" has a control character"
      }
    }
    return nil
  }

  private static func isToken(_ text: String) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "A")...UInt8(ascii: "Z"):
          true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }
}

extension SubscriptionRequest: CustomStringConvertible, CustomReflectable {
  /// The method and the redacted URL.
  public var description: String { "\(method) \(url.redacted)" }

  /// The representation for debuggers and `dump`, without the query, the fields and the body.
  public var customMirror: Mirror { Mirror(self, children: ["method": method, "url": url.redacted]) }
}
