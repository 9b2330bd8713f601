/// A media type from a `Content-Type` field, parsed as in WHATWG MIME Sniffing (4.4).
public struct MediaType: Sendable, Hashable {
  /// The type and subtype in lower case, such as `text/event-stream`.
  public let essence: String
  /// The parameters in order, with names in lower case. If a name occurs twice, only the first.
  public let parameters: [Parameter]

  /// A name and a value.
  public struct Parameter: Sendable, Hashable {
    /// The name, in lower case.
    public var name: String
    /// The value, without quotes.
    public var value: String
  }

  /// The type of event streams. They are always UTF-8, whatever the `charset` (WHATWG HTML 9.2.5).
  public static let eventStream = MediaType("text/event-stream")!

  /// Whether this is an event stream, with any parameters.
  public var isEventStream: Bool { essence == Self.eventStream.essence }

  /// Parses the value of one field. `nil` if it has no type and subtype.
  public init?(_ text: String) {
    var scanner = Scanner(text)
    scanner.skipSpace()
    let type = scanner.take { $0 != "/" }
    guard !type.isEmpty, type.allSatisfy(\.isHTTPToken), scanner.skip("/") else { return nil }
    let subtype = scanner.take { $0 != ";" }.trimmingHTTPSpaceAtEnd()
    guard !subtype.isEmpty, subtype.allSatisfy(\.isHTTPToken) else { return nil }
    essence = String(type).asciiLowercased + "/" + String(subtype).asciiLowercased
    var parameters: [Parameter] = []
    while scanner.skip(";") {
      scanner.skipSpace()
      let name = String(scanner.take { $0 != ";" && $0 != "=" }).asciiLowercased
      guard scanner.skip("=") else { continue }
      let value: String
      if scanner.skip("\"") {
        value = scanner.takeQuoted()
        _ = scanner.take { $0 != ";" }
      } else {
        value = String(scanner.take { $0 != ";" }.trimmingHTTPSpaceAtEnd())
        if value.isEmpty { continue }
      }
      let isWellFormed =
        !name.isEmpty && name.unicodeScalars.allSatisfy(\.isHTTPToken)
        && value.unicodeScalars.allSatisfy(\.isHTTPQuotedText)
      if isWellFormed, !parameters.contains(where: { $0.name == name }) {
        parameters.append(Parameter(name: name, value: value))
      }
    }
    self.parameters = parameters
  }

  /// Returns the type of a message with these `Content-Type` fields: the last of their comma-separated values that is a
  /// media type and not `*/*` (WHATWG Fetch, extract a MIME type). A `charset` of an earlier value with the same
  /// essence is not carried over, because nothing here depends on it.
  public static func extracted(from fieldValues: [String]) -> MediaType? {
    fieldValues.flatMap(splitAtCommas).compactMap(MediaType.init).last { $0.essence != "*/*" }
  }

  /// Splits at commas outside of quotes (WHATWG Fetch, get, decode, and split).
  private static func splitAtCommas(_ text: String) -> [String] {
    var parts = [""]
    var isQuoted = false
    var isEscaped = false
    for scalar in text.unicodeScalars {
      if scalar == ",", !isQuoted {
        parts.append("")
        continue
      }
      parts[parts.count - 1].unicodeScalars.append(scalar)
      if isEscaped {
        isEscaped = false
      } else if scalar == "\\", isQuoted {
        isEscaped = true
      } else if scalar == "\"" {
        isQuoted.toggle()
      }
    }
    return parts
  }
}

/// Scans a field's value.
private struct Scanner {
  private var rest: Substring.UnicodeScalarView

  init(_ text: String) { rest = Substring(text).unicodeScalars }

  mutating func skipSpace() { rest = rest.drop(while: \.isHTTPSpace) }

  mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
    guard rest.first == scalar else { return false }
    rest.removeFirst()
    return true
  }

  mutating func take(while isTaken: (Unicode.Scalar) -> Bool) -> Substring.UnicodeScalarView {
    let taken = rest.prefix(while: isTaken)
    rest = rest[taken.endIndex...]
    return taken
  }

  /// Returns the text of a quoted string after its opening quote, and consumes the closing quote or everything left.
  mutating func takeQuoted() -> String {
    var text = ""
    while let scalar = rest.popFirst(), scalar != "\"" {
      text.unicodeScalars.append(scalar == "\\" ? rest.popFirst() ?? "\\" : scalar)
    }
    return text
  }
}

extension Unicode.Scalar {
  fileprivate var isHTTPSpace: Bool { self == " " || self == "\t" || self == "\n" || self == "\r" }

  fileprivate var isHTTPToken: Bool {
    switch self {
    case "a"..."z", "A"..."Z", "0"..."9", "!", "#", "$", "%", "&", "'", "*", "+", "-", ".", "^", "_", "`", "|", "~":
      true
    default: false
    }
  }

  fileprivate var isHTTPQuotedText: Bool {
    self == "\t" || (" "..."~").contains(self) || ("\u{80}"..."\u{FF}").contains(self)
  }
}

extension Substring.UnicodeScalarView {
  fileprivate func trimmingHTTPSpaceAtEnd() -> Substring.UnicodeScalarView {
    var trimmed = self
    while let last = trimmed.last, last.isHTTPSpace { trimmed.removeLast() }
    return trimmed
  }
}

extension String {
  fileprivate var asciiLowercased: String {
    String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
  }
}
