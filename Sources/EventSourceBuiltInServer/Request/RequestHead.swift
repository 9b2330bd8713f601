/// A validated request line with its fields.
struct RequestHead: Sendable, Equatable {
  /// How the body that follows is framed (RFC 9112, 6).
  enum Framing: Sendable, Equatable {
    /// A number of bytes. 0 if there is no body.
    case length(Int)
    /// The chunked coding.
    case chunked

    /// Whether anything follows the head.
    var hasBody: Bool { self != .length(0) }
  }

  /// One field line.
  struct Field: Sendable, Equatable {
    var name: String
    var value: String
  }

  /// The method, in the case received.
  var method: String
  /// The target in origin-form. An absolute-form is reduced to its path and query. `*` occurs only with OPTIONS.
  var target: String
  /// The fields in the order received, without Content-Length, Transfer-Encoding, Trailer and Connection, which frame
  /// the message. The authority of an absolute-form has replaced the value of Host (RFC 9112, 3.2.2).
  var fields: [Field]
  /// How the body is framed.
  var framing: Framing
  /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110, 10.1.1).
  var expectsContinue: Bool
  /// Whether the connection may serve another request: HTTP/1.1 without `Connection: close` (RFC 9112, 9.3).
  /// `keep-alive` of HTTP/1.0 is ignored.
  var keepsAlive: Bool
  /// Whether the client supports the chunked coding, as every HTTP/1.1 client does (RFC 9112, 7.1).
  var takesChunks: Bool
}
