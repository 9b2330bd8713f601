/// The classes of bytes in the grammar of a request (RFC 9110, 5.6; RFC 9112; RFC 3986).
extension UInt8 {
  static var carriageReturn: UInt8 { 0x0D }
  static var lineFeed: UInt8 { 0x0A }
  static var space: UInt8 { 0x20 }
  static var horizontalTab: UInt8 { 0x09 }

  /// SP or HTAB, the only optional whitespace (RFC 9110, 5.6.3).
  var isWhitespace: Bool { self == .space || self == .horizontalTab }

  /// `tchar`, the characters of methods and field names (RFC 9110, 5.6.2).
  var isToken: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"): true
    case UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    case UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "|"), UInt8(ascii: "~"): true
    default: false
    }
  }

  /// `field-vchar`, SP or HTAB: the characters allowed in a field value (RFC 9110, 5.5).
  var isFieldValue: Bool { self >= 0x20 && self != 0x7F || self == .horizontalTab }

  /// The characters accepted in a request target: visible ASCII except `#`, which begins a fragment and is never sent.
  ///
  /// RFC 3986 also forbids characters such as `|` and `{`, but browsers send them (WHATWG URL).
  var isTarget: Bool { self > 0x20 && self < 0x7F && self != UInt8(ascii: "#") }

  /// The value of a hexadecimal digit, or `nil` for any other byte.
  var hexadecimalValue: Int? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(self - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(self - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(self - UInt8(ascii: "A")) + 10
    default: nil
    }
  }

  /// The byte in lower case if it is an ASCII letter.
  var lowercasedASCII: UInt8 {
    UInt8(ascii: "A") <= self && self <= UInt8(ascii: "Z") ? self | 0x20 : self
  }
}

extension StringProtocol {
  /// Returns whether the text equals `other`, which is in lower case, ignoring the case of ASCII letters.
  func isASCIICaseInsensitive(_ other: String) -> Bool {
    utf8.count == other.utf8.count && zip(utf8, other.utf8).allSatisfy { $0.lowercasedASCII == $1 }
  }
}
