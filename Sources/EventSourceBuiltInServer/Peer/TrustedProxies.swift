/// The proxies whose information about the origin of a request is trusted.
///
/// If a request comes from one of them, the peer that they report counts: in the log, for authorizers, and for limits
/// per caller. The field of any other sender is ignored, because everyone can send it.
public struct TrustedProxies: Sendable, Hashable {
  /// The field that holds the client's address. Only one field is read, because proxies pass on other fields unchanged
  /// from clients.
  public enum Field: Sendable, Hashable {
    /// `Forwarded` (RFC 7239).
    case forwarded
    /// `X-Forwarded-For`.
    case xForwardedFor
  }

  /// The proxies' addresses.
  public var addresses: [AddressRange]
  /// The field that each of these proxies extends or overwrites.
  public var field: Field
  /// Whether all peers that connect to a UNIX socket of the server are trusted proxies. Such a peer has no address, so
  /// otherwise the clients of its requests are unknown. The permissions of the socket's folder control which processes
  /// can connect.
  public var trustsUnixSockets = false

  /// Trusts the proxies at these addresses.
  public init(_ addresses: [AddressRange], field: Field) {
    self.addresses = addresses
    self.field = field
  }

  /// Returns the client's address: the first address that is not a trusted proxy's, going back from the proxy that sent
  /// the request. If the field ends or is malformed before that, returns the last known address. Returns `nil` only for
  /// a request over a UNIX socket without a known address.
  ///
  /// - Parameter sender: The sender's address. `nil` if the request came over a UNIX socket.
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

  /// Returns the entry of each proxy, in order. Empty where a proxy added none.
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

  /// Splits a value at a character that is outside of quotes.
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

  /// Returns the address in `192.0.2.7`, `192.0.2.7:80`, `2001:db8::1`, `[2001:db8::1]:80`, or one of these in quotes.
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
