/// The proxies that are believed about where a request comes from.
///
/// A request that comes from one of them has the peer that they name, in the log, for authorizers, and for limits that
/// count by caller. From anybody else the field means nothing, because everyone can send it.
public struct TrustedProxies: Sendable, Hashable {
  /// Where the proxies say it. Only one of them is looked at, because a proxy passes on what clients put in the other.
  public enum Field: Sendable, Hashable {
    /// `Forwarded` (RFC 7239).
    case forwarded
    /// `X-Forwarded-For`.
    case xForwardedFor
  }

  /// The proxies' addresses.
  public var addresses: [AddressRange]
  /// The field that every one of them adds to, or overwrites.
  public var field: Field
  /// Whether whoever connects to a UNIX socket of the server is such a proxy, too. A peer there has no address, so
  /// without this its requests come from nobody known. Who may connect is said by the permissions of the socket's
  /// folder.
  public var trustsUnixSockets = false

  /// Trusts these.
  public init(_ addresses: [AddressRange], field: Field) {
    self.addresses = addresses
    self.field = field
  }

  /// Who a request comes from: going back from the proxy that sent it, the first address that is not a trusted proxy's.
  /// Where the field ends or makes no sense, the last one that is known.
  /// Nil if there is none, which is so only behind a UNIX socket.
  ///
  /// - Parameter sender: Nil if the request came over a UNIX socket.
  func peer(from sender: String?, values: [String]) -> String? {
    var peer = sender
    guard peer.map(isTrusted) ?? trustsUnixSockets else { return peer }
    for entry in entries(of: values).reversed() {
      guard let address = Self.address(in: entry) else { return peer }
      peer = address
      guard isTrusted(address) else { return peer }
    }
    return peer
  }

  func isTrusted(_ peer: String) -> Bool {
    guard let address = IPAddress(peer) else { return false }
    return addresses.contains { $0.contains(address) }
  }

  var fieldName: String {
    switch field {
    case .forwarded: "forwarded"
    case .xForwardedFor: "x-forwarded-for"
    }
  }

  /// What each proxy said, the first one first; empty where it said nothing.
  private func entries(of values: [String]) -> [Substring] {
    let elements = values.flatMap { Self.split($0, at: ",") }
    switch field {
    case .xForwardedFor: return elements
    case .forwarded:
      return elements.map { element in
        for pair in Self.split(String(element), at: ";") {
          let sides = pair.split(separator: "=", maxSplits: 1)
          guard sides.count == 2, Self.trimmed(sides[0]).lowercased() == "for" else { continue }
          return sides[1]
        }
        return ""
      }
    }
  }

  /// Splits a value where a character is outside of quotes.
  private static func split(_ value: String, at separator: Character) -> [Substring] {
    var parts: [Substring] = []
    var start = value.startIndex
    var isQuoted = false
    for index in value.indices {
      if value[index] == "\"" { isQuoted.toggle() }
      guard value[index] == separator, !isQuoted else { continue }
      parts.append(value[start..<index])
      start = value.index(after: index)
    }
    return parts + [value[start...]]
  }

  /// The address in `192.0.2.7`, `192.0.2.7:80`, `2001:db8::1`, `[2001:db8::1]:80`, or one of these in quotes.
  private static func address(in entry: Substring) -> String? {
    var text = trimmed(entry)
    if text.count > 1, text.first == "\"", text.last == "\"" { text = text.dropFirst().dropLast() }
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { return nil }
      text = text[text.index(after: text.startIndex)..<end]
    } else if text.filter({ $0 == ":" }).count == 1 {
      text = text.prefix { $0 != ":" }
    }
    return IPAddress(text) == nil ? nil : String(text)
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
