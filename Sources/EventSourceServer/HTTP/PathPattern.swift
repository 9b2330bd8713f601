/// A path in which some segments are named: `/events/{channel}` matches `/events/news` with `channel` = `news`.
///
/// A named segment matches exactly one non-empty segment of the path, which is percent-decoded afterwards: an encoded
/// slash is part of a name, never a separator.
public struct PathPattern: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
  private enum Segment: Sendable, Hashable {
    case literal(String)
    case parameter(String)
  }

  /// The pattern as it was written.
  public let description: String
  private let segments: [Segment]

  /// Parses a pattern.
  ///
  /// - Throws: ``PathPatternError`` if it does not begin with `/`, or a name is empty, repeated or not closed.
  public init(_ pattern: String) throws(PathPatternError) {
    guard pattern.hasPrefix("/") else { throw .noLeadingSlash(pattern) }
    var names: Set<String> = []
    var segments: [Segment] = []
    for part in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard part.contains(where: { $0 == "{" || $0 == "}" }) else {
        segments.append(.literal(String(part)))
        continue
      }
      let name = String(part.dropFirst().dropLast())
      guard part.hasPrefix("{"), part.hasSuffix("}"), !name.isEmpty, !name.contains(where: { "{}".contains($0) }) else {
        throw .badParameter(String(part), pattern: pattern)
      }
      guard names.insert(name).inserted else { throw .repeatedParameter(name, pattern: pattern) }
      segments.append(.parameter(name))
    }
    self.segments = segments
    description = pattern
  }

  /// A pattern written in source; an ill-formed one is a mistake of the programmer and stops the program.
  public init(stringLiteral pattern: String) {
    do {
      try self.init(pattern)
    } catch {
      preconditionFailure("\(error)")
    }
  }

  /// The named segments of a path that matches, decoded; nil if it does not match or is not decodable UTF-8.
  ///
  /// - Parameter path: The path of a request target, without its query, not decoded. Literal segments of the pattern
  ///   are
  ///   compared with the decoded segment.
  public func match(_ path: some StringProtocol) -> [String: String]? {
    guard path.utf8.first == UInt8(ascii: "/") else { return nil }
    let parts = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == segments.count else { return nil }
    var parameters: [String: String] = [:]
    for (segment, part) in zip(segments, parts) {
      guard let decoded = percentDecoded(part) else { return nil }
      switch segment {
      case .literal(let text):
        guard decoded == text else { return nil }
      case .parameter(let name):
        guard !decoded.isEmpty else { return nil }
        parameters[name] = decoded
      }
    }
    return parameters
  }
}

/// What is wrong with a path pattern.
public enum PathPatternError: Error, Sendable, Hashable, CustomStringConvertible {
  /// It does not begin with a slash.
  case noLeadingSlash(String)
  /// A segment has braces but is not one name in braces.
  case badParameter(String, pattern: String)
  /// A name occurs twice.
  case repeatedParameter(String, pattern: String)

  /// One line for a person.
  public var description: String {
    switch self {
    case .noLeadingSlash(let pattern): "the path pattern \"\(pattern)\" does not begin with \"/\""
    case .badParameter(let segment, let pattern):
      "\"\(segment)\" in the path pattern \"\(pattern)\" is not a name in braces, such as {channel}"
    case .repeatedParameter(let name, let pattern):
      "the name \"\(name)\" occurs twice in the path pattern \"\(pattern)\""
    }
  }
}
