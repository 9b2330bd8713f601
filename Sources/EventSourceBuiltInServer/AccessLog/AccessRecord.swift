/// One request and what became of it: a line of an access log.
public struct AccessRecord: Sendable, Hashable {
  /// When the request had come, in seconds since 1970.
  public var time: Int
  /// Who asked: the peer, or whom ``BuiltInServer/Configuration/trustedProxies`` named; nil if that is not known.
  public var peer: String?
  /// The method; nil if what came was not a request.
  public var method: String?
  /// The target, as received; nil if what came was not a request.
  public var target: String?
  /// `HTTP/1.1` or `HTTP/1.0`; nil if what came was not a request.
  public var version: String?
  /// The status that was sent; 0 if the peer left before there was one.
  public var status: Int
  /// How many bytes of body the peer was sent, without their framing.
  public var byteCount: Int
  /// How long it took from the request's end to the response's: for a stream, how long it was open.
  public var duration: Duration
  /// Whether it was an event stream.
  public var isStream: Bool
  /// The field `Referer`.
  public var referer: String?
  /// The field `User-Agent`.
  public var userAgent: String?

  /// Makes a record, as the server does, and a test of who takes them.
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

  /// A line in the common log format with the two fields that are customary behind it ("combined"), without a line end.
  /// What came from the peer is escaped.
  public var combinedFormat: String {
    let request = method.map { "\($0) \(target ?? "-") \(version ?? "-")" } ?? "-"
    return
      "\(peer ?? "-") - - [\(IMFDate.logTime(secondsSince1970: time))] \(Self.quoted(request)) \(status) \(byteCount)"
      + " \(Self.quoted(referer ?? "-")) \(Self.quoted(userAgent ?? "-"))"
  }

  /// A line of JSON without a line end; what is not known is left out. The duration is in seconds.
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

  /// In quotes, as JSON has it (RFC 8259, 7).
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
