/// A request target in origin-form (RFC 9112, 3.2.1) taken apart: its path, and the names and values of its query.
public struct RequestTarget: Sendable, Hashable {
  /// The path, beginning with `/`, not decoded.
  public let path: String
  /// Names and values of the query, decoded (`application/x-www-form-urlencoded`, so `+` is a space), in order.
  public let query: [EventStreamField]

  /// Takes a target apart; nil if it does not begin with `/`, or its query does not decode to UTF-8.
  public init?(_ target: String) {
    guard target.utf8.first == UInt8(ascii: "/") else { return nil }
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    var query: [EventStreamField] = []
    if parts.count == 2 {
      for pair in parts[1].utf8.split(separator: UInt8(ascii: "&")) {
        let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = percentDecoded(sides[0], plusIsSpace: true),
          let value = sides.count == 2 ? percentDecoded(sides[1], plusIsSpace: true) : ""
        else { return nil }
        query.append(EventStreamField(name, value))
      }
    }
    self.query = query
  }

  /// The values of every query item of this name, which is compared exactly, in order.
  public func values(of name: String) -> [String] {
    query.filter { $0.name == name }.map(\.value)
  }
}

/// Decodes `%XX`; nil at an incomplete or non-hexadecimal escape, or if the result is not UTF-8.
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
