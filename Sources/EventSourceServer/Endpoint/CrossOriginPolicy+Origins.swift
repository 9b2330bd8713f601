extension CrossOriginPolicy {
  /// The origins whose pages may read the streams.
  public enum Origins: Sendable, Hashable {
    /// Only the server's own origin. No field is sent.
    case sameOriginOnly
    /// Any origin, without credentials.
    case any
    /// The origins in the set, written exactly as a browser sends them: scheme, host in lower case, and the port unless
    /// it is the scheme's default, such as `https://example.org` or `http://localhost:3000`. There are no wildcards:
    /// use ``matching(_:)``.
    case listed(Set<String>)
    /// Origins for which a function returns `true`, created by ``matching(_:)``.
    case matched(OriginPredicate)

    /// Returns origins for which a function returns `true`: subdomains, preview deployments, origins kept in a
    /// database.
    ///
    /// - Parameter isAdmitted: Receives the `Origin` field of a request as sent. It may be `null` or anything that a
    ///   client makes up, so compare whole origins and not only their suffix. Called on the server's threads for every
    ///   request that has the field, so it must not block.
    public static func matching(_ isAdmitted: @escaping @Sendable (String) -> Bool) -> Origins {
      .matched(OriginPredicate(isAdmitted))
    }

    /// Returns whether these origins list or match an origin other than the server's own.
    func admits(_ origin: String) -> Bool {
      switch self {
      case .sameOriginOnly, .any: false
      case .listed(let listed): listed.contains(origin)
      // An admitted origin is sent back, so it must be a valid field value.
      case .matched(let predicate): HeaderField("Origin", origin).isSendable && predicate.isAdmitted(origin)
      }
    }
  }
}
