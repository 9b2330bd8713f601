/// Puts the head of a response together from its lines, as libcurl gives them: those of heads with a status of 1xx and
/// of trailers too.
struct CurlHead {
  /// The most bytes of all lines together.
  static let limit = 256 << 10

  private(set) var status = 0
  private(set) var fields: [HeaderField] = []
  private var size = 0
  private var isComplete = false

  /// Takes a line with its end; whether the head of the response is complete with it, and nil if it is too large.
  mutating func take(_ line: String) -> Bool? {
    size += line.utf8.count
    guard size <= Self.limit else { return nil }
    // What follows are trailers (RFC 9112, 7.1.2).
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
      // A folded line belongs to the one before (RFC 9112, 5.2).
      if let last = fields.indices.last { fields[last].value += " " + text.drop { " \t".contains($0) } }
    } else if let colon = text.firstIndex(of: ":") {
      let value = text[text.index(after: colon)...].drop { " \t".contains($0) }
      fields.append(HeaderField(String(text[..<colon]), String(value)))
    }
    return false
  }
}

extension String {
  /// Without the spaces and the line end behind it; by scalars, because CR and LF are one character.
  fileprivate func trimmingEnd() -> String {
    var scalars = unicodeScalars[...]
    while let last = scalars.last, [" ", "\t", "\r", "\n"].contains(last) { scalars.removeLast() }
    return String(scalars)
  }
}
