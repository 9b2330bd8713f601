public import Foundation

/// The request that a source sends on each attempt.
public struct SubscriptionRequest: Sendable, Hashable {
  /// An `http` or `https` URL. A user and password in it are sent as basic authentication, by every transport, unless
  /// there is an `Authorization` field.
  public var url: URL
  /// The method.
  public var method: String
  /// Fields beside those that every attempt has: `Accept`, `Cache-Control`, `Pragma`, and `Last-Event-ID` when there is
  /// one. A field named here takes the place of those. `Last-Event-ID` is the ID to begin with, unless
  /// ``EventSource/Configuration/lastEventID`` names one; later attempts send that of the last event.
  public var headers: [HeaderField]
  /// A body, sent again on each attempt.
  public var body: [UInt8]?
  /// How long the connection may take to be made; nil: as long as the transport allows. A source sets it from
  /// ``EventSource/Configuration/connectTimeout``, unless it is set.
  public var connectTimeout: Duration?

  /// Makes a request.
  public init(_ url: URL, method: String = "GET", headers: [HeaderField] = [], body: [UInt8]? = nil) {
    self.url = url
    self.method = method
    self.headers = headers
    self.body = body
  }
}

extension SubscriptionRequest {
  /// Makes a POST whose body is a value in JSON, as the interfaces of models expect it.
  ///
  /// - Throws: What the encoder throws.
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
  /// Why it cannot be sent, or could become something else on the wire (RFC 9110, 5.1, 5.5 and 9.1); nil: it is fine.
  /// Values are not named, because they may be secret.
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
  /// The method, and the URL without what may be secret.
  public var description: String { "\(method) \(url.redacted)" }

  /// What debuggers and `dump` show: no query, no field, no body.
  public var customMirror: Mirror { Mirror(self, children: ["method": method, "url": url.redacted]) }
}
