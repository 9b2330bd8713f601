/// The policy for pages of other origins that read the streams (the CORS protocol of the Fetch standard).
public struct CrossOriginPolicy: Sendable, Hashable {
  /// The origins whose pages may read.
  public var origins: Origins
  /// Whether those pages may send cookies and authorization. Cannot be combined with ``Origins/any``.
  public var allowsCredentials: Bool
  /// The time for which a browser may cache the response to a preflight request, up to a day. Browsers have shorter
  /// limits of their own.
  public var preflightAge: Duration

  /// The methods that a preflight allows. The handler itself serves only GET and HEAD. Add others for the application's
  /// own routes at the same path.
  public var allowedMethods = ["GET", "HEAD"]
  /// The request fields that a preflight allows, compared case-insensitively. `*` allows all but `Authorization`. A
  /// browser's `EventSource` sends only `Last-Event-ID`; the others are for clients that use `fetch`.
  public var allowedFields = ["Accept", "Authorization", "Cache-Control", "Content-Type", "Last-Event-ID"]
  /// The response fields that scripts may read in addition to those that the Fetch standard always exposes. `*` exposes
  /// all.
  public var exposedFields: [String] = []
  /// Whether a page from the public internet may read from this server when the server is in a private network or on
  /// the page's own machine (Private Network Access). Sent only in response to a preflight that asks for it.
  public var allowsPrivateNetwork = false

  /// Creates a policy.
  public init(_ origins: Origins, allowsCredentials: Bool = false, preflightAge: Duration = .seconds(3600)) {
    self.origins = origins
    self.allowsCredentials = allowsCredentials
    self.preflightAge = preflightAge
  }

  /// Only pages of the server itself.
  public static let sameOriginOnly = CrossOriginPolicy(.sameOriginOnly)

  /// Checks every value.
  public func validate() throws(ConfigurationError) {
    try ConfigurationError.require(
      !(allowsCredentials && origins == .any), "crossOrigin", "credentials only with listed or matching origins",
      "any origin with credentials")
    if case .listed(let listed) = origins {
      for origin in listed.sorted() {
        try ConfigurationError.require(
          SerializedOrigin.isValid(origin), "crossOrigin.origins",
          "scheme, host and port as a browser sends them, such as https://example.org or http://localhost:3000",
          origin.debugDescription)
      }
    }
    try ConfigurationError.require(
      (.zero ... .seconds(86_400)).contains(preflightAge), "crossOrigin.preflightAge", "zero to a day", preflightAge)
    for (property, names) in [
      ("allowedMethods", allowedMethods), ("allowedFields", allowedFields), ("exposedFields", exposedFields),
    ] {
      for name in names {
        try ConfigurationError.require(
          HTTPToken.isValid(name), "crossOrigin.\(property)", "names without spaces, commas and the like",
          name.debugDescription)
        // With credentials, browsers treat the asterisk as an ordinary name (Fetch, 3.3.4), so it would allow nothing.
        try ConfigurationError.require(
          !(allowsCredentials && name == "*"), "crossOrigin.\(property)", "every name written out beside credentials",
          "\"*\"")
      }
    }
  }
}

extension CrossOriginPolicy {
  /// Returns the fields for any response to a request.
  package func fields(for request: any EventStreamRequest) -> [HeaderField] {
    var fields = originFields(for: request)
    if !exposedFields.isEmpty, Self.areAllowing(fields) {
      fields.append(HeaderField("Access-Control-Expose-Headers", exposedFields.joined(separator: ", ")))
    }
    return fields
  }

  /// Returns the response to OPTIONS: that of a preflight, or only the allowed methods.
  ///
  /// - Parameters:
  ///   - allow: The value of `Allow`.
  ///   - methods: The methods that a preflight allows in addition to ``allowedMethods``.
  package func preflight(
    for request: any EventStreamRequest, allow: String = EventStreamRejection.allowedMethods, methods: [String] = []
  ) -> EventStreamResponseHead {
    var fields = originFields(for: request)
    let isAllowed = Self.areAllowing(fields)
    fields.append(HeaderField("Allow", allow))
    if isAllowed {
      let seconds = preflightAge.nanoseconds / 1_000_000_000
      let allMethods = allowedMethods + methods.filter { !allowedMethods.contains($0) }
      for (name, value) in [
        ("Access-Control-Allow-Methods", allMethods.joined(separator: ", ")),
        ("Access-Control-Allow-Headers", allowedFields.joined(separator: ", ")),
        ("Access-Control-Max-Age", "\(seconds)"),
      ] where !value.isEmpty {
        fields.append(HeaderField(name, value))
      }
      if allowsPrivateNetwork, request.fields.values(of: "Access-Control-Request-Private-Network") == ["true"] {
        fields.append(HeaderField("Access-Control-Allow-Private-Network", "true"))
      }
    }
    return EventStreamResponseHead(status: 204, fields: fields, body: .none)
  }

  private func originFields(for request: any EventStreamRequest) -> [HeaderField] {
    switch origins {
    case .sameOriginOnly: return []
    case .any: return [HeaderField("Access-Control-Allow-Origin", "*")]
    case .listed, .matched: break
    }
    // Also sent to origins that are not admitted; otherwise a cache could serve one origin's response to another.
    var fields = [HeaderField("Vary", "Origin")]
    let sent = request.fields.values(of: "Origin")
    if sent.count == 1, origins.admits(sent[0]) {
      fields.append(HeaderField("Access-Control-Allow-Origin", sent[0]))
      if allowsCredentials { fields.append(HeaderField("Access-Control-Allow-Credentials", "true")) }
    }
    return fields
  }

  private static func areAllowing(_ fields: [HeaderField]) -> Bool {
    fields.contains { $0.name == "Access-Control-Allow-Origin" }
  }
}
