extension String {
  /// The text without anything that controls a terminal. Control characters other than the tab appear as their symbols,
  /// and characters that change the writing direction are omitted.
  var visible: String { visible(keepingLineBreaks: false) }

  func visible(keepingLineBreaks: Bool) -> String {
    var result = String.UnicodeScalarView()
    for scalar in unicodeScalars {
      switch scalar.value {
      case 0x09: result.append(scalar)
      case 0x0A where keepingLineBreaks: result.append(scalar)
      case 0..<0x20: result.append(Unicode.Scalar(0x2400 + scalar.value)!)
      case 0x7F: result.append("\u{2421}")
      case 0x80...0x9F: result.append("\u{FFFD}")
      case 0x202A...0x202E, 0x2066...0x2069: break
      default: result.append(scalar)
      }
    }
    return String(result)
  }
}

/// The styles of text on a terminal (ECMA-48, SGR).
enum Emphasis: String {
  case type = "36;1"
  case faint = "2"

  func apply(to text: String, _ isOn: Bool) -> String { isOn ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text }
}
