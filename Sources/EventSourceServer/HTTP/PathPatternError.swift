/// What is wrong with a path pattern.
public enum PathPatternError: Error, Sendable, Hashable, CustomStringConvertible {
  /// It does not begin with a slash.
  case noLeadingSlash(String)
  /// A segment has braces but is not one name in braces, or the name has other characters than letters, digits, `_`
  /// and `-`.
  case badParameter(String, pattern: String)
  /// A name occurs twice.
  case repeatedParameter(String, pattern: String)
  /// A segment is written in the syntax of another router, such as `*` or `:channel`.
  case foreignSyntax(String, pattern: String)
  /// It has a query or a fragment; only paths are compared.
  case queryOrFragment(pattern: String)
  /// A segment that no path of a request is equal to: a percent-encoded one, `.`, `..`, or one with a control
  /// character.
  case neverMatches(String, pattern: String)

  /// One line for a person.
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
  /// The text on one line.
  fileprivate var escapingControls: String {
    unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? $0.escaped(asASCII: true) : String($0) }.joined()
  }
}
