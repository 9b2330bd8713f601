/// The reason why a path pattern is invalid.
public enum PathPatternError: Error, Sendable, Hashable, CustomStringConvertible {
  /// It does not begin with a slash.
  case noLeadingSlash(String)
  /// A segment has braces but is not a single name in braces, or the name has characters other than letters, digits,
  /// `_` and `-`.
  case badParameter(String, pattern: String)
  /// A name occurs twice.
  case repeatedParameter(String, pattern: String)
  /// A segment is written in the syntax of another router, such as `*` or `:channel`.
  case foreignSyntax(String, pattern: String)
  /// It has a query or a fragment. Patterns match only paths.
  case queryOrFragment(pattern: String)
  /// A segment can never equal one of a request's path: it is percent-encoded, `.` or `..`, or has a control character.
  case neverMatches(String, pattern: String)

  /// A one-line description.
  public var description: String {
    switch self {
    case .noLeadingSlash(let pattern): "the path pattern \"\(pattern)\" does not begin with \"/\""
    case .badParameter(let segment, let pattern):
      "\"\(segment)\" in the path pattern \"\(pattern)\" is not a name in braces, such as {channel}"
    case .repeatedParameter(let name, let pattern):
      "the name \"\(name)\" occurs twice in the path pattern \"\(pattern)\""
    case .foreignSyntax(let segment, let pattern):
      "\"\(segment)\" in the path pattern \"\(pattern)\" matches nothing; write a named segment as {channel}"
    case .queryOrFragment(let pattern):
      "the path pattern \"\(pattern)\" has a query or a fragment; a pattern is a path"
    case .neverMatches(let segment, let pattern):
      "\"\(segment.escapingControls)\" in the path pattern \"\(pattern.escapingControls)\" never matches; "
        + "write segments decoded, without \".\", \"..\" and control characters"
    }
  }
}

extension String {
  /// The text with control characters escaped, so that it fits on one line.
  fileprivate var escapingControls: String {
    unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? $0.escaped(asASCII: true) : String($0) }.joined()
  }
}
