/// The head of a request.
public struct Request: Sendable {
  /// The method, as received.
  public var method: String
  /// The target, as received.
  public var target: String
  /// Whether the version is 1.0 and not 1.1.
  public var isHTTP10: Bool
  /// The fields, in the order received.
  public var fields: [(name: String, value: String)] = []

  /// Parses a head without its empty line; nil if it is malformed (RFC 9112, 3 and 5).
  init?(_ head: ArraySlice<UInt8>) {
    let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
    let parts = lines[0].split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty, ["HTTP/1.0", "HTTP/1.1"].contains(parts[2]) else {
      return nil
    }
    method = String(parts[0])
    target = String(parts[1])
    isHTTP10 = parts[2] == "HTTP/1.0"
    for line in lines.dropFirst() {
      let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty, !sides[0].contains(" "), !line.utf8.contains(13) else { return nil }
      let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
      let value = sides[1].drop(while: isBlank).reversed().drop(while: isBlank).reversed()
      fields.append((String(sides[0]), String(value)))
    }
  }

  /// The values of a field, whose name has no case (RFC 9110, 5.1).
  func values(of name: String) -> [String] { fields.filter { $0.name.lowercased() == name }.map(\.value) }

  /// Whether the connection ends with the response.
  public var closesConnection: Bool {
    isHTTP10 || values(of: "connection").contains { $0.lowercased().contains("close") }
  }
}
