#if canImport(EventSourceFormat)
  internal import EventSourceFormat
#endif

/// A parsed request target (RFC 9112, 3.2): its path, and the names and values of its query.
///
/// The absolute-form, which a server must accept (3.2.2), is reduced to its path and query. Its authority replaces the
/// request's Host.
public struct RequestTarget: Sendable, Hashable {
  /// The path, beginning with `/`, not decoded.
  public let path: String
  /// The names and values of the query in order, decoded as `application/x-www-form-urlencoded`, so `+` is a space.
  public let query: [HeaderField]
  /// The host and optional port of a target in absolute-form. `nil` for a target in origin-form.
  public let authority: String?

  /// Parses a target. Returns `nil` if it is neither a path nor an http or https URL, or its query does not decode to
  /// UTF-8.
  public init?(_ target: String) {
    guard let (origin, authority) = Self.originForm(of: target) else { return nil }
    self.authority = authority
    let parts = origin.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    path = String(Substring(parts[0]))
    var query: [HeaderField] = []
    if parts.count == 2 {
      for pair in parts[1].split(separator: UInt8(ascii: "&")) {
        let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = percentDecoded(sides[0], plusIsSpace: true),
          let value = sides.count == 2 ? percentDecoded(sides[1], plusIsSpace: true) : ""
        else { return nil }
        query.append(HeaderField(name, value))
      }
    }
    self.query = query
  }

  /// Returns the values of all query items with this name, in order. Names are compared by their bytes.
  public func values(of name: String) -> [String] {
    query.filter { $0.name.utf8.elementsEqual(name.utf8) }.map(\.value)
  }

  /// Returns the path and query of a target, and the authority of one in absolute-form. Returns `nil` if it has neither
  /// form.
  package static func originForm(of target: String) -> (origin: String, authority: String?)? {
    if target.utf8.first == UInt8(ascii: "/") { return (target, nil) }
    for scheme in ["http://", "https://"] {
      guard equalsIgnoringASCIICase(Substring(target.utf8.prefix(scheme.utf8.count)), scheme) else { continue }
      let rest = target.utf8.dropFirst(scheme.utf8.count)
      let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
      let authority = rest[..<end]
      guard !authority.isEmpty, authority.allSatisfy(isAuthorityByte) else { return nil }
      let path = String(Substring(rest[end...]))
      return (path.utf8.first == UInt8(ascii: "/") ? path : "/" + path, String(Substring(authority)))
    }
    return nil
  }

  /// Returns whether a byte may occur in `uri-host [ ":" port ]` (RFC 3986, 3.2). User information (RFC 9110, 4.2.4)
  /// and lists are excluded.
  package static func isAuthorityByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: ":"): true
    default: "-._~%[]!$&'()*+;=".utf8.contains(byte)
    }
  }
}

/// Decodes `%XX`. Returns `nil` for an incomplete or non-hexadecimal escape, or if the result is not UTF-8.
func percentDecoded(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.count)
  var rest = text.makeIterator()
  while let byte = rest.next() {
    if byte == UInt8(ascii: "+"), plusIsSpace {
      bytes.append(UInt8(ascii: " "))
    } else if byte == UInt8(ascii: "%") {
      guard let high = rest.next().flatMap(hexadecimalValue), let low = rest.next().flatMap(hexadecimalValue) else {
        return nil
      }
      bytes.append(high << 4 | low)
    } else {
      bytes.append(byte)
    }
  }
  return String(validating: bytes, as: UTF8.self)
}

private func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
