/// A path in which some segments are named: `/events/{channel}` matches `/events/news` with `channel` = `news`.
///
/// A named segment matches exactly one non-empty segment of the path, which is percent-decoded afterwards: an encoded
/// slash is part of a name, never a separator. There are no wildcards. All other segments are compared byte for byte
/// with the decoded segment, so write them decoded: `/café`, not `/caf%C3%A9`.
public struct PathPattern: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
  private enum Segment: Sendable, Hashable {
    case literal(String)
    case parameter(String)
  }

  /// The pattern as written.
  public let description: String
  private let segments: [Segment]

  /// Parses a pattern, which may come from a settings file. Rejects patterns that can never match.
  ///
  /// - Throws: ``PathPatternError`` if the pattern does not begin with `/`, has a query, a fragment, a wildcard or
  ///   another router's syntax, a literal segment that no request can have, or a name that is malformed or repeated.
  public init(_ pattern: String) throws(PathPatternError) {
    guard pattern.utf8.first == UInt8(ascii: "/") else { throw .noLeadingSlash(pattern) }
    guard !pattern.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
      throw .queryOrFragment(pattern: pattern)
    }
    var names: Set<String> = []
    var segments: [Segment] = []
    for part in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      let segment = try Self.segment(String(part), of: pattern)
      if case .parameter(let name) = segment, !names.insert(name).inserted {
        throw .repeatedParameter(name, pattern: pattern)
      }
      segments.append(segment)
    }
    self.segments = segments
    description = pattern
  }

  /// Creates a pattern from a literal. Traps if it is malformed.
  public init(stringLiteral pattern: String) {
    do {
      try self.init(pattern)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// The names of the named segments, in order.
  public var parameterNames: [String] {
    segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
  }

  /// Returns the named segments of a matching path, decoded. Returns `nil` if the path does not match or does not
  /// decode to UTF-8.
  ///
  /// - Parameter path: The path of a request target, without its query, not decoded.
  public func match(_ path: some StringProtocol) -> [String: String]? {
    guard path.utf8.first == UInt8(ascii: "/") else { return nil }
    let parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == segments.count else { return nil }
    var parameters: [String: String] = [:]
    for (segment, part) in zip(segments, parts) {
      guard let decoded = percentDecoded(part) else { return nil }
      switch segment {
      case .literal(let text):
        guard decoded.utf8.elementsEqual(text.utf8) else { return nil }
      case .parameter(let name):
        guard !decoded.isEmpty else { return nil }
        parameters[name] = decoded
      }
    }
    return parameters
  }

  private static func segment(_ text: String, of pattern: String) throws(PathPatternError) -> Segment {
    guard !text.contains(where: { $0 == "{" || $0 == "}" }) else {
      let name = text.dropFirst().dropLast()
      guard text.hasPrefix("{"), text.hasSuffix("}"), !name.isEmpty, name.utf8.allSatisfy(isNameByte) else {
        throw .badParameter(text, pattern: pattern)
      }
      return .parameter(String(name))
    }
    guard !text.contains("*"), !text.hasPrefix(":"), !(text.hasPrefix("<") && text.hasSuffix(">")) else {
      throw .foreignSyntax(text, pattern: pattern)
    }
    // Clients resolve dot segments before they send a path (RFC 3986, 5.2.4).
    guard text != ".", text != "..", !hasEscape(text), !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw .neverMatches(text, pattern: pattern)
    }
    return .literal(text)
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "-")
  }

  /// Returns whether a text contains `%XX`. A lone percent sign is an ordinary character.
  private static func hasEscape(_ text: String) -> Bool {
    text.split(separator: "%", omittingEmptySubsequences: false).dropFirst().contains { rest in
      let digits = rest.unicodeScalars.prefix(2)
      return digits.count == 2 && digits.allSatisfy(\.properties.isASCIIHexDigit)
    }
  }
}
