/// The `Accept-Encoding` field of a request (RFC 9110, 12.5.3), evaluated for gzip.
struct AcceptEncodingField: Equatable {
  /// Whether gzip is acceptable and not less welcome than no coding.
  let prefersGzip: Bool
  /// Whether gzip is acceptable at all.
  let admitsGzip: Bool
  /// Whether a response without a coding is acceptable.
  let admitsIdentity: Bool

  /// Malformed items are ignored. Without any field, only a response without a coding is acceptable: a client that says
  /// nothing may be unable to decode.
  init(_ values: [String]) {
    var gzip: Int?
    var identity: Int?
    var any: Int?
    for item in values.flatMap({ $0.split(separator: ",") }) {
      let parts = item.split(separator: ";", omittingEmptySubsequences: false).map { Self.trimmed($0).lowercased() }
      guard parts.count <= 2, let weight = parts.count == 1 ? 1000 : Self.weight(parts[1]) else { continue }
      switch parts[0] {
      case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
      case "identity": identity = max(identity ?? 0, weight)
      case "*": any = max(any ?? 0, weight)
      default: continue
      }
    }
    let weight = gzip ?? any ?? 0
    admitsGzip = weight > 0
    admitsIdentity = (identity ?? any) != 0
    prefersGzip = weight > 0 && weight >= identity ?? 0
  }

  /// Returns the thousandths of a weight such as `q=0.5`, or `nil` if it is malformed (RFC 9110, 12.4.2).
  private static func weight(_ parameter: String) -> Int? {
    guard parameter.hasPrefix("q=") else { return nil }
    let digits = Array(parameter.utf8.dropFirst(2))
    guard let first = digits.first, digits.count <= 5, digits.count == 1 || digits[1] == UInt8(ascii: ".") else {
      return nil
    }
    let fraction = digits.dropFirst(2)
    guard fraction.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    var thousandths = 0
    for index in 0..<3 {
      let digit = index < fraction.count ? Int(fraction[fraction.startIndex + index] - UInt8(ascii: "0")) : 0
      thousandths = thousandths * 10 + digit
    }
    switch first {
    case UInt8(ascii: "0"): return thousandths
    case UInt8(ascii: "1") where thousandths == 0: return 1000
    default: return nil
    }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    var text = text.drop(while: isSpace)
    while let last = text.last, isSpace(last) { text.removeLast() }
    return text
  }
}
