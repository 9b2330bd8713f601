/// Returns the text with control characters escaped, such as `\u{A}`, so that a log record stays on one line.
func escapingControls(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
  var escaped = ""
  for scalar in text.unicodeScalars {
    if scalar.properties.generalCategory == .control {
      escaped += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    } else {
      escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}
