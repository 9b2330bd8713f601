/// Checks whether an ID can be the value of a `Last-Event-ID` field, in the same way for every transport.
enum LastEventIDField {
  /// The maximum size of an ID. No server accepts more in a request head.
  static let maximumBytes = 256 << 10

  /// Returns the reason why an ID cannot be sent, or `nil` if it can. An event stream can contain IDs that are invalid
  /// in a field (RFC 9110, 5.5).
  static func flaw(_ id: String) -> String? {
    if id.utf8.count > maximumBytes { return "it has \(id.utf8.count) bytes, and \(maximumBytes) can be sent" }
    if id.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) { return "it has a control character" }
    return nil
  }
}
