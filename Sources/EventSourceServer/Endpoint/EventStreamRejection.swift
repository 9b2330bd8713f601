/// A response instead of a stream: a status, fields, and a body with one line of reason.
///
/// A browser's `EventSource` does not reconnect after any status other than 200 (WHATWG HTML 9.2.2, step 3 of
/// processing the response).
public struct EventStreamRejection: Sendable, Hashable {
  /// The status: 400 to 599, or 204, which tells a conforming client to stop reconnecting. Any other is sent as 500.
  public var status: Int
  /// Fields in addition to those of the handler. Fields that are not `HeaderField.isSendable` are omitted: a
  /// control character could end the line, and a second `Content-Length` the response.
  public var fields: [HeaderField]
  /// One line of reason. Control characters are sent as spaces.
  public var reason: String

  /// Creates a rejection.
  public init(status: Int, fields: [HeaderField] = [], reason: String) {
    self.status = status
    self.fields = fields
    self.reason = reason
  }

  /// 401: the caller must authenticate. `challenge` is the value of `WWW-Authenticate` (RFC 9110, 11.6.1).
  public static func unauthorized(challenge: String = "Bearer") -> EventStreamRejection {
    EventStreamRejection(
      status: 401, fields: [HeaderField("WWW-Authenticate", challenge)], reason: "authentication is required"
    )
  }

  /// 403: the caller may not read this.
  public static let forbidden = EventStreamRejection(status: 403, reason: "you are not allowed to read this stream")

  /// 204: nothing more will come. A conforming client does not reconnect.
  public static let finished = EventStreamRejection(status: 204, reason: "")
}

extension EventStreamRejection {
  static func bad(_ reason: String) -> EventStreamRejection { EventStreamRejection(status: 400, reason: reason) }

  static func methodNotAllowed(_ method: String) -> EventStreamRejection {
    EventStreamRejection(
      status: 405, fields: [HeaderField("Allow", allowedMethods)],
      reason: "an event stream is read with GET"
    )
  }

  static func eventsAreMissing(status: Int, channel: ChannelName) -> EventStreamRejection {
    EventStreamRejection(
      status: status, reason: "events of \"\(channel)\" after the last event ID are missing; begin without it"
    )
  }

  static let notAcceptable = EventStreamRejection(
    status: 406, reason: "this resource is text/event-stream, which the Accept field excludes"
  )

  static let noAcceptableCoding = EventStreamRejection(
    status: 406, fields: [HeaderField("Vary", "Accept-Encoding")],
    reason: "the Accept-Encoding field excludes every coding of this resource"
  )

  static func unknownChannel(_ name: ChannelName) -> EventStreamRejection {
    EventStreamRejection(status: 404, reason: "there is no channel \"\(name)\"")
  }

  /// - Parameter name: The run's channel, which ends with the run's ID.
  static func unknownRun(_ name: ChannelName) -> EventStreamRejection {
    let id = name.rawValue.split(separator: "/").last ?? ""
    return EventStreamRejection(status: 404, reason: "there is no run \"\(id)\"")
  }

  static func unavailable(
    retryAfter: Duration, _ reason: String = "no new streams are accepted at present"
  ) -> EventStreamRejection {
    EventStreamRejection(status: 503, fields: [retryField(retryAfter)], reason: reason)
  }

  static func tooManyStreams(retryAfter: Duration) -> EventStreamRejection {
    EventStreamRejection(
      status: 429, fields: [retryField(retryAfter)], reason: "this caller has too many open streams"
    )
  }

  package static let allowedMethods = "GET, HEAD, OPTIONS"

  private static func retryField(_ time: Duration) -> HeaderField {
    // Whole seconds (RFC 9110, 10.2.3), at least one.
    HeaderField("Retry-After", "\(max(1, (time.nanoseconds + 999_999_999) / 1_000_000_000))")
  }

  func head(adding fields: [HeaderField], isHead: Bool) -> EventStreamResponseHead {
    let status = status == 204 || (400...599).contains(status) ? status : 500
    let line = reason.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) }
    let body: EventStreamResponseHead.Body = isHead ? .none : .bytes(Array((String(line) + "\n").utf8))
    var all = self.fields + fields
    if status != 204 { all.append(HeaderField("Content-Type", "text/plain; charset=utf-8")) }
    all.append(HeaderField("Cache-Control", "no-store"))
    return EventStreamResponseHead(status: status, fields: all, body: body)
  }
}
