extension CrossOriginPolicy {
  /// Origins.
  public enum Origins: Sendable, Hashable {
    /// Those of the server itself only: no field is sent.
    case sameOriginOnly
    /// Any, without credentials.
    case any
    /// These, exactly as a browser sends them: scheme, host in lower case, and the port unless it is the scheme's own;
    /// `https://example.org`, `http://localhost:3000`. There are no wildcards: use ``matching(_:)``.
    case listed(Set<String>)
    /// Those for which a function returns true; made by ``matching(_:)``.
    case matched(OriginPredicate)

    /// Those for which a function returns true: subdomains, preview deployments, origins kept in a database.
    ///
    /// - Parameter isAdmitted: Is given the `Origin` field of a request as it was received, which may be `null` or
    ///   anything else that a client makes up, so compare whole origins and not only how they end. Called on the
    ///   server's threads for every request that has the field, so it must not block.
    public static func matching(_ isAdmitted: @escaping @Sendable (String) -> Bool) -> Origins {
      .matched(OriginPredicate(isAdmitted))
    }

    /// Whether an origin, which is not the server's own, is one of these by name.
    func admits(_ origin: String) -> Bool {
      switch self {
      case .sameOriginOnly, .any: false
      case .listed(let listed): listed.contains(origin)
      // What is admitted is sent back.
      case .matched(let predicate): HeaderField("Origin", origin).isSendable && predicate.isAdmitted(origin)
      }
    }
  }
}
