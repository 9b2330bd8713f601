/// JSON (RFC 8259), appended to bytes.
extension [UInt8] {
  /// Appends a member of an object, with its preceding brace or comma.
  mutating func appendMember(_ name: StaticString, _ value: String) {
    appendName(name)
    appendJSON(value)
  }

  mutating func appendMember(_ name: StaticString, _ value: String?) {
    appendName(name)
    if let value { appendJSON(value) } else { self += "null".utf8 }
  }

  mutating func appendMember(_ name: StaticString, literal: some CustomStringConvertible) {
    appendName(name)
    self += literal.description.utf8
  }

  private mutating func appendName(_ name: StaticString) {
    if last != UInt8(ascii: "{") { append(UInt8(ascii: ",")) }
    append(UInt8(ascii: "\""))
    name.withUTF8Buffer { self += $0 }
    self += "\":".utf8
  }

  /// Appends a string. In addition to what JSON requires, escapes the characters that some programs treat as line ends
  /// (U+0085, U+2028, U+2029) and the control characters of terminals (U+007F to U+009F).
  mutating func appendJSON(_ text: String) {
    append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { bytes in
      var start = 0
      for index in bytes.indices {
        guard let (length, escape) = Self.escape(at: index, of: bytes) else { continue }
        self += bytes[start..<index]
        self += escape.utf8
        start = index + length
      }
      self += bytes[start...]
    }
    append(UInt8(ascii: "\""))
  }

  /// Returns how many bytes to escape and their replacement, or nil if the bytes stay unchanged.
  private static func escape(at index: Int, of bytes: UnsafeBufferPointer<UInt8>) -> (length: Int, text: String)? {
    func byte(_ offset: Int) -> UInt8 { index + offset < bytes.count ? bytes[index + offset] : 0 }
    switch byte(0) {
    case UInt8(ascii: "\""): return (1, "\\\"")
    case UInt8(ascii: "\\"): return (1, "\\\\")
    case 0x0A: return (1, "\\n")
    case 0x0D: return (1, "\\r")
    case 0x09: return (1, "\\t")
    case 0..<0x20, 0x7F: return (1, unicode(UInt32(byte(0))))
    case 0xC2 where byte(1) <= 0x9F: return (2, unicode(UInt32(byte(1))))
    case 0xE2 where byte(1) == 0x80 && (byte(2) == 0xA8 || byte(2) == 0xA9):
      return (3, unicode(0x2000 + UInt32(byte(2) & 0x3F)))
    default: return nil
    }
  }

  private static func unicode(_ scalar: UInt32) -> String {
    let digits = String(scalar, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
