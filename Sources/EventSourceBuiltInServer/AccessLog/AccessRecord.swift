/// One request and its outcome: a line of an access log.
public struct AccessRecord: Sendable, Hashable {
  /// The time at which the request was received, in seconds since 1970.
  public var time: Int
  /// The address of the client: the peer's, or the one that ``BuiltInServer/Configuration/trustedProxies`` reported.
  /// `nil` if unknown.
  public var peer: String?
  /// The method. `nil` if the bytes received were not a request.
  public var method: String?
  /// The target, as received. `nil` if the bytes received were not a request.
  public var target: String?
  /// `HTTP/1.1` or `HTTP/1.0`. `nil` if the bytes received were not a request.
  public var version: String?
  /// The status that was sent. 0 if the peer disconnected before a response.
  public var status: Int
  /// The number of body bytes sent to the peer, without their framing.
  public var byteCount: Int
  /// The time from the end of the request to the end of the response. For a stream, the time that it was open.
  public var duration: Duration
  /// Whether it was an event stream.
  public var isStream: Bool
  /// The field `Referer`.
  public var referer: String?
  /// The field `User-Agent`.
  public var userAgent: String?

  /// Creates a record. The server does this, and so can a test of an access log.
  public init(
    time: Int, peer: String?, method: String?, target: String?, version: String?, status: Int, byteCount: Int,
    duration: Duration, isStream: Bool, referer: String? = nil, userAgent: String? = nil
  ) {
    self.time = time
    self.peer = peer
    self.method = method
    self.target = target
    self.version = version
    self.status = status
    self.byteCount = byteCount
    self.duration = duration
    self.isStream = isStream
    self.referer = referer
    self.userAgent = userAgent
  }

  /// A line in the common log format with the two customary additional fields ("combined"), without a line end. Text
  /// from the peer is escaped.
  public var combinedFormat: String {
    let request = method.map { "\($0) \(target ?? "-") \(version ?? "-")" } ?? "-"
    return
      "\(peer ?? "-") - - [\(IMFDate.logTime(secondsSince1970: time))] \(Self.quoted(request)) \(status) \(byteCount)"
      + " \(Self.quoted(referer ?? "-")) \(Self.quoted(userAgent ?? "-"))"
  }

  /// A line of JSON without a line end. Unknown values are omitted. The duration is in seconds.
  public var json: String {
    let (seconds, attoseconds) = duration.bounded.components
    let microseconds = String(1_000_000 + attoseconds / 1_000_000_000_000).dropFirst()
    var members = ["\"time\":\(time)"]
    for (name, value) in [("peer", peer), ("method", method), ("target", target), ("version", version)] {
      if let value { members.append("\"\(name)\":\(Self.quoted(value))") }
    }
    members += ["\"status\":\(status)", "\"bytes\":\(byteCount)", "\"seconds\":\(seconds).\(microseconds)"]
    members.append("\"stream\":\(isStream)")
    for (name, value) in [("referer", referer), ("user_agent", userAgent)] {
      if let value { members.append("\"\(name)\":\(Self.quoted(value))") }
    }
    return "{" + members.joined(separator: ",") + "}"
  }

  /// Returns the text as a quoted JSON string (RFC 8259, 7).
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _ where scalar.properties.generalCategory == .control:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
