public import EventSourceServer

/// What a route's closure answers.
///
/// The server adds Date, Content-Length and, where the connection ends, Connection; such fields in ``fields`` are
/// ignored.
public struct BuiltInResponse: Sendable, Hashable {
  /// The status code, 200 to 599; any other is answered as 500 and logged.
  public var status: Int
  /// The fields. One whose value holds CR, LF or NUL is left out and logged, because it would end the line it is in.
  public var fields: [HeaderField]
  /// The body; not sent in reply to HEAD, nor with 204, 205 and 304.
  public var body: [UInt8]
  /// A body that is written while it is sent, instead of ``body``; not written in reply to HEAD, nor with 204, 205 and
  /// 304. A peer that closes its sending side meanwhile is taken for one that has gone.
  public var streamedBody: StreamedBody?

  /// A run, whose stream is the response, instead of a body: with status 200, or what the run's collection answers to
  /// the request's `Accept` and last event ID. ``status`` is not used then.
  public var run: Run?

  /// Makes a response.
  public init(status: Int = 200, fields: [HeaderField] = [], body: [UInt8] = []) {
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

  /// A body that is written while it is sent.
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

  /// Pieces of bytes, sent as they come and at the peer's pace.
  public static func streaming<Pieces: AsyncSequence & Sendable>(
    _ pieces: Pieces, contentType: String, status: Int = 200
  ) -> BuiltInResponse where Pieces.Element: Sequence<UInt8> {
    BuiltInResponse(status: status, contentType: contentType, StreamedBody(pieces))
  }

  /// Pieces of text, sent as UTF-8 as they come and at the peer's pace.
  public static func streaming<Pieces: AsyncSequence & Sendable>(
    _ pieces: Pieces, contentType: String, status: Int = 200
  ) -> BuiltInResponse where Pieces.Element: StringProtocol {
    BuiltInResponse(status: status, contentType: contentType, StreamedBody(pieces))
  }

  /// Whether the status allows a body (RFC 9110, 15.3.5, 15.3.6 and 15.4.5).
  var mayHaveBody: Bool { status != 204 && status != 205 && status != 304 }

  /// A run's stream. It outlives the request: a viewer that loses its connection returns to where the run can be read.
  ///
  /// - Parameters:
  ///   - run: The run. The application has decided that the caller may read it.
  ///   - location: The path at which the run can be read again, for the `Location` field; nil: there is none.
  public static func run(_ run: Run, location: String? = nil) -> BuiltInResponse {
    var response = BuiltInResponse(fields: location.map { [HeaderField("Location", $0)] } ?? [])
    response.run = run
    return response
  }

  /// Nothing but a status.
  public static func empty(status: Int = 204) -> BuiltInResponse { BuiltInResponse(status: status) }

  private init(status: Int, contentType: String, _ body: StreamedBody) {
    self.init(status: status, fields: [HeaderField("Content-Type", contentType)])
    streamedBody = body
  }

  private init(status: Int, contentType: String, _ text: String) {
    self.init(status: status, fields: [HeaderField("Content-Type", contentType)], body: Array(text.utf8))
  }
}
