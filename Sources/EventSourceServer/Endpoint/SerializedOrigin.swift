/// The text that names an origin in the `Origin` field (WHATWG HTML 7.1.1, serialization of an origin).
enum SerializedOrigin {
  /// Returns whether a browser could send this text for a tuple origin. `null` is not accepted: many unrelated pages
  /// share it.
  static func isValid(_ origin: String) -> Bool {
    guard let colon = origin.firstIndex(of: ":"), origin[colon...].hasPrefix("://") else { return false }
    let scheme = origin[..<colon]
    let (host, port) = hostAndPort(origin[colon...].dropFirst(3))
    return isScheme(scheme) && (isName(host) || isIPv6Address(host)) && (port.map { isPort($0, of: scheme) } ?? true)
  }

  private static func hostAndPort(_ text: Substring) -> (host: Substring, port: Substring?) {
    // The colons of an IPv6 address are within its brackets.
    guard let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") else { return (text, nil) }
    return (text[..<colon], text[text.index(after: colon)...])
  }

  private static func isScheme(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy { isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) }
  }

  /// Returns whether the text consists of labels of lower-case letters, digits, hyphens and underscores. Browsers send
  /// other letters in their ASCII form (`xn--`).
  private static func isName(_ text: Substring) -> Bool {
    let name = text.hasSuffix(".") ? text.dropLast() : text
    return name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      !label.isEmpty && label.utf8.allSatisfy { isLetter($0) || isDigit($0) || "-_".utf8.contains($0) }
    }
  }

  private static func isIPv6Address(_ text: Substring) -> Bool {
    guard text.hasPrefix("["), text.hasSuffix("]"), text.utf8.count >= 4, text.contains(":") else { return false }
    return text.utf8.dropFirst().dropLast().allSatisfy {
      isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) || $0 == UInt8(ascii: ":")
    }
  }

  /// Returns whether the text is a decimal port other than the scheme's default, which browsers omit.
  private static func isPort(_ text: Substring, of scheme: Substring) -> Bool {
    guard let number = UInt16(text), number > 0, String(number) == text else { return false }
    switch scheme {
    case "http", "ws": return number != 80
    case "https", "wss": return number != 443
    default: return true
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
