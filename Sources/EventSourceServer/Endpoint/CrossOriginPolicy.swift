/// Which pages of other origins may read the streams (the CORS protocol of the Fetch standard).
public struct CrossOriginPolicy: Sendable, Hashable {
  /// Whose pages.
  public var origins: Origins
  /// Whether they may send cookies and authorization; not together with ``Origins/any``.
  public var allowsCredentials: Bool
  /// How long a browser may remember the answer to a preflight request, up to a day. Browsers have shorter limits of
  /// their own.
  public var preflightAge: Duration

  /// The methods that a preflight allows. The handler itself serves only GET and HEAD; others are for routes of the
  /// program's own at the same path.
  public var allowedMethods = ["GET", "HEAD"]
  /// The request fields that a preflight allows, compared without regard to case; `*` allows all but `Authorization`.
  /// A browser's `EventSource` sends only `Last-Event-ID`; the others are for clients that use `fetch`.
  public var allowedFields = ["Accept", "Authorization", "Cache-Control", "Content-Type", "Last-Event-ID"]
  /// The response fields that scripts may read, beside those that the Fetch standard always shows; `*` exposes all.
  public var exposedFields: [String] = []
  /// Whether a page from the public internet may read from this server when it is in a private network or on the
  /// page's own machine (Private Network Access). Only a preflight that asks for it is told so.
  public var allowsPrivateNetwork = false

  /// Makes a policy.
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
        // Beside credentials the asterisk is a name like others (Fetch, 3.3.4), so it would allow nothing.
        try ConfigurationError.require(
          !(allowsCredentials && name == "*"), "crossOrigin.\(property)", "every name written out beside credentials",
          "\"*\"")
      }
    }
  }
}

extension CrossOriginPolicy {
  /// The fields of any response to a request.
  package func fields(for request: any EventStreamRequest) -> [HeaderField] {
    var fields = originFields(for: request)
    if !exposedFields.isEmpty, Self.areAllowing(fields) {
      fields.append(HeaderField("Access-Control-Expose-Headers", exposedFields.joined(separator: ", ")))
    }
    return fields
  }

  /// The answer to OPTIONS: a preflight's, or only the methods allowed.
  ///
  /// - Parameters:
  ///   - allow: The value of `Allow`.
  ///   - methods: What a preflight allows beside ``allowedMethods``.
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
    // Said also to origins that are not admitted, or a cache would give one's answer to another.
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
