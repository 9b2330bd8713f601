/// Assembles the head of a response from the lines that libcurl delivers. These include the lines of 1xx heads and of
/// trailers.
struct CurlHead {
  /// The maximum size in bytes of all lines together.
  static let limit = 256 << 10

  private(set) var status = 0
  private(set) var fields: [HeaderField] = []
  private var size = 0
  private var isComplete = false

  /// Adds a line, including its line end. Returns whether it completes the head, or `nil` if the head is too large.
  mutating func take(_ line: String) -> Bool? {
    size += line.utf8.count
    guard size <= Self.limit else { return nil }
    // Trailers follow the complete head (RFC 9112, 7.1.2).
    if isComplete { return false }
    let text = line.trimmingEnd()
    if text.isEmpty {
      isComplete = status >= 200
      return isComplete
    }
    if text.hasPrefix("HTTP/") {
      status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      fields = []
    } else if text.hasPrefix(" ") || text.hasPrefix("\t") {
      // A folded line continues the one before (RFC 9112, 5.2).
      if let last = fields.indices.last { fields[last].value += " " + text.drop { " \t".contains($0) } }
    } else if let colon = text.firstIndex(of: ":") {
      let value = text[text.index(after: colon)...].drop { " \t".contains($0) }
      fields.append(HeaderField(String(text[..<colon]), String(value)))
    }
    return false
  }
}

extension String {
  /// The string without trailing spaces and line end. It is trimmed by scalars, because CR LF is one character.
  fileprivate func trimmingEnd() -> String {
    var scalars = unicodeScalars[...]
    while let last = scalars.last, [" ", "\t", "\r", "\n"].contains(last) { scalars.removeLast() }
    return String(scalars)
  }
}
