public import EventSourceServer

/// A response of a route's closure.
///
/// The server adds Date, Content-Length and, if the connection ends, Connection. Such fields in ``fields`` are ignored.
public struct BuiltInResponse: Sendable, Hashable {
  /// The status code, 200 to 599. Any other code is logged and replaced by 500.
  public var status: Int
  /// The fields. A field whose value contains CR, LF or NUL would break its line, so it is omitted and logged.
  public var fields: [HeaderField]
  /// The body. It is not sent for HEAD, nor with 204, 205 and 304.
  public var body: [UInt8]
  /// A body that is written while it is sent, instead of ``body``. It is not written for HEAD, nor with 204, 205 and
  /// 304. A peer that closes its sending side during the body counts as disconnected.
  public var streamedBody: StreamedBody?

  /// A run to send as an event stream, instead of a body. ``status`` is then ignored: the response has the status 200,
  /// or the one with which the run's collection responds to the request's `Accept` field and last event ID.
  public var run: Run?

  /// Creates a response.
  public init(status: Int = 200, fields: [HeaderField] = [], body: [UInt8] = []) {
    self.status = status
    self.fields = fields
    self.body = body
  }

  /// Returns a response with plain text in UTF-8.
  public static func text(_ text: String, status: Int = 200) -> BuiltInResponse {
    BuiltInResponse(status: status, contentType: "text/plain; charset=utf-8", text)
  }

  /// Returns a response with an HTML page in UTF-8.
  public static func html(_ text: String, status: Int = 200) -> BuiltInResponse {
    BuiltInResponse(status: status, contentType: "text/html; charset=utf-8", text)
  }

  /// Returns a response with JSON that is already encoded.
  public static func json(_ text: String, status: Int = 200) -> BuiltInResponse {
    BuiltInResponse(status: status, contentType: "application/json", text)
  }

  /// Returns a response whose body is written while it is sent.
  ///
  /// ```swift
  /// server.route("GET", at: "/numbers") { _ in
  ///   .streaming(contentType: "text/plain") { writer in
  ///     for number in 1...1_000_000 { try await writer.write("\(number)\n") }
  ///   }
  /// }
  /// ```
  public static func streaming(
    contentType: String, status: Int = 200, _ write: @escaping @Sendable (BodyWriter) async throws -> Void
  ) -> BuiltInResponse {
    BuiltInResponse(status: status, contentType: contentType, StreamedBody(write))
  }

  /// Returns a response of byte pieces, sent as they arrive and at the peer's pace.
  public static func streaming<Pieces: AsyncSequence & Sendable>(
    _ pieces: Pieces, contentType: String, status: Int = 200
  ) -> BuiltInResponse where Pieces.Element: Sequence<UInt8> {
    BuiltInResponse(status: status, contentType: contentType, StreamedBody(pieces))
  }

  /// Returns a response of text pieces, sent as UTF-8, as they arrive and at the peer's pace.
  public static func streaming<Pieces: AsyncSequence & Sendable>(
    _ pieces: Pieces, contentType: String, status: Int = 200
  ) -> BuiltInResponse where Pieces.Element: StringProtocol {
    BuiltInResponse(status: status, contentType: contentType, StreamedBody(pieces))
  }

  /// Whether the status allows a body (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
  var mayHaveBody: Bool { status != 204 && status != 205 && status != 304 }

  /// Returns a response that streams a run. The run outlives the request: a viewer whose connection breaks can read on
  /// where the run is served.
  ///
  /// - Parameters:
  ///   - run: The run. The application has decided that the caller may read it.
  ///   - location: The path where the run can be read again, for the `Location` field. `nil` means that there is none.
  public static func run(_ run: Run, location: String? = nil) -> BuiltInResponse {
    var response = BuiltInResponse(fields: location.map { [HeaderField("Location", $0)] } ?? [])
    response.run = run
    return response
  }

  /// Returns a response with only a status.
  public static func status(_ status: Int) -> BuiltInResponse { BuiltInResponse(status: status) }

  private init(status: Int, contentType: String, _ body: StreamedBody) {
    self.init(status: status, fields: [HeaderField("Content-Type", contentType)])
    streamedBody = body
  }

  private init(status: Int, contentType: String, _ text: String) {
    self.init(status: status, fields: [HeaderField("Content-Type", contentType)], body: Array(text.utf8))
  }
}
