/// Whether an ID can be the value of a `Last-Event-ID` field, the same over every transport.
enum LastEventIDField {
  /// More than any server takes in a request head.
  static let maximumBytes = 256 << 10

  /// Why it cannot be sent; nil: it can. An event stream may name IDs that no field can carry (RFC 9110, 5.5).
  static func flaw(_ id: String) -> String? {
    if id.utf8.count > maximumBytes { return "it has \(id.utf8.count) bytes, and \(maximumBytes) can be sent" }
    if id.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) { return "it has a control character" }
    return nil
  }
}
