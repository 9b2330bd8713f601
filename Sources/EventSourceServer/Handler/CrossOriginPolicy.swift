/// Which pages of other origins may read the streams (the CORS protocol of the Fetch standard).
public struct CrossOriginPolicy: Sendable, Hashable {
  /// Origins.
  public enum Origins: Sendable, Hashable {
    /// Those of the server itself only: no field is sent.
    case sameOriginOnly
    /// Any, without credentials.
    case any
    /// These, as a browser writes them: `https://example.org`, `http://localhost:3000`.
    case listed(Set<String>)
  }

  /// Whose pages.
  public var origins: Origins
  /// Whether they may send cookies and authorization; only with listed origins.
  public var allowsCredentials: Bool
  /// How long a browser may remember the answer to a preflight request.
  public var preflightAge: Duration

  /// Makes a policy.
  public init(_ origins: Origins, allowsCredentials: Bool = false, preflightAge: Duration = .seconds(3600)) {
    self.origins = origins
    self.allowsCredentials = allowsCredentials
    self.preflightAge = preflightAge
  }

  /// Only pages of the server itself.
  public static let sameOriginOnly = CrossOriginPolicy(.sameOriginOnly)

  /// The fields of any response to a request.
  func fields(for request: any EventStreamRequest) -> [EventStreamField] {
    switch origins {
    case .sameOriginOnly:
      return []
    case .any:
      return [EventStreamField("Access-Control-Allow-Origin", "*")]
    case .listed(let listed):
      // Said also to origins that are not listed, or a cache would give one's answer to another.
      var fields = [EventStreamField("Vary", "Origin")]
      if let origin = request.fields.values(of: "Origin").first, listed.contains(origin) {
        fields.append(EventStreamField("Access-Control-Allow-Origin", origin))
        if allowsCredentials { fields.append(EventStreamField("Access-Control-Allow-Credentials", "true")) }
      }
      return fields
    }
  }

  /// The answer to OPTIONS: a preflight's, or only the methods allowed.
  func preflight(for request: any EventStreamRequest) -> EventStreamResponseHead {
    var fields = fields(for: request)
    fields.append(EventStreamField("Allow", EventStreamRefusal.allowedMethods))
    if fields.contains(where: { $0.name == "Access-Control-Allow-Origin" }) {
      fields += [
        EventStreamField("Access-Control-Allow-Methods", "GET, HEAD"),
        EventStreamField("Access-Control-Allow-Headers", "Accept, Authorization, Cache-Control, Last-Event-ID"),
        EventStreamField("Access-Control-Max-Age", "\(preflightAge.nanoseconds / 1_000_000_000)"),
      ]
    }
    return EventStreamResponseHead(status: 204, fields: fields, body: .none)
  }
}
