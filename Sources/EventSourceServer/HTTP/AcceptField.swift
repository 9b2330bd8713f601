/// The `Accept` field of a request (RFC 9110, 12.5.1), evaluated for one media type.
enum AcceptField {
  /// Returns whether the values admit `text/event-stream`. The most specific matching range decides. Malformed ranges
  /// are ignored. Without any valid range, everything is admitted.
  static func admitsEventStream(_ values: [String]) -> Bool {
    var best: (specificity: Int, isAdmitted: Bool)?
    var hasRange = false
    for range in values.flatMap({ $0.split(separator: ",") }) {
      let parts = range.split(separator: ";").map { trimmed($0).lowercased() }
      guard let type = parts.first, type.contains("/") else { continue }
      hasRange = true
      let specificity: Int
      switch type {
      case "text/event-stream": specificity = 3
      case "text/*": specificity = 2
      case "*/*": specificity = 1
      default: continue
      }
      guard specificity > best?.specificity ?? 0 else { continue }
      best = (specificity, !parts.dropFirst().contains(where: isZeroWeight))
    }
    return best?.isAdmitted ?? !hasRange
  }

  /// Returns whether a parameter is `q=0`, `q=0.0`, `q=0.00` or `q=0.000`.
  private static func isZeroWeight(_ parameter: String) -> Bool {
    guard parameter.hasPrefix("q=0") else { return false }
    return parameter.dropFirst(2).allSatisfy { $0 == "0" || $0 == "." }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    var text = text.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text.removeLast() }
    return text
  }
}
