public import EventSourceServer

/// What a route's closure answers.
///
/// The server adds Date, Content-Length and, where the connection ends, Connection; such fields in ``fields`` are
/// ignored.
public struct BuiltInResponse: Sendable, Hashable {
  /// The status code, 200 to 599; any other is answered as 500 and logged.
  public var status: Int
  /// The fields. One whose value holds CR, LF or NUL is left out and logged, because it would end the line it is in.
  public var fields: [EventStreamField]
  /// The body; not sent in reply to HEAD, nor with 204 and 304.
  public var body: [UInt8]

  /// Makes a response.
  public init(status: Int = 200, fields: [EventStreamField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// Plain text in UTF-8.
  public static func text(_ text: String, status: Int = 200) -> BuiltInResponse {
    BuiltInResponse(status: status, contentType: "text/plain; charset=utf-8", text)
  }

  /// A page in UTF-8.
  public static func html(_ text: String, status: Int = 200) -> BuiltInResponse {
    BuiltInResponse(status: status, contentType: "text/html; charset=utf-8", text)
  }

  /// JSON that is already encoded.
  public static func json(_ text: String, status: Int = 200) -> BuiltInResponse {
    BuiltInResponse(status: status, contentType: "application/json", text)
  }

  /// Nothing but a status.
  public static func empty(status: Int = 204) -> BuiltInResponse { BuiltInResponse(status: status) }

  private init(status: Int, contentType: String, _ text: String) {
    self.init(status: status, fields: [EventStreamField("Content-Type", contentType)], body: Array(text.utf8))
  }
}
