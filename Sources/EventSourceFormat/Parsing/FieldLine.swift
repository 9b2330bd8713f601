/// Which field a line has, and where its value begins (WHATWG HTML 9.2.6).
///
/// Reads only within the line: an index is compared with the line's length before a byte is looked at.
struct FieldLine {
  enum Name {
    case data, event, id, retry, comment, other
  }

  let name: Name
  /// Behind the colon and at most one space; at the end of a line without a colon.
  let valueOffset: Int

  /// Judges a line that is not blank.
  @inline(__always)
  static func of(_ line: UnsafeRawBufferPointer) -> FieldLine {
    switch line[0] {
    case UInt8(ascii: "d"): of(.data, "data", line)
    case UInt8(ascii: "e"): of(.event, "event", line)
    case UInt8(ascii: "i"): of(.id, "id", line)
    case UInt8(ascii: "r"): of(.retry, "retry", line)
    case UInt8(ascii: ":"): FieldLine(name: .comment, valueOffset: 1)
    default: FieldLine(name: .other, valueOffset: 0)
    }
  }

  /// The first byte is known to be that of the text.
  @inline(__always)
  private static func of(_ name: Name, _ text: StaticString, _ line: UnsafeRawBufferPointer) -> FieldLine {
    let length = text.utf8CodeUnitCount
    guard line.count >= length else { return FieldLine(name: .other, valueOffset: 0) }
    for index in 1..<length where line[index] != text.utf8Start[index] {
      return FieldLine(name: .other, valueOffset: 0)
    }
    guard line.count > length else { return FieldLine(name: name, valueOffset: length) }
    guard line[length] == UInt8(ascii: ":") else { return FieldLine(name: .other, valueOffset: 0) }
    let hasSpace = line.count > length + 1 && line[length + 1] == UInt8(ascii: " ")
    return FieldLine(name: name, valueOffset: length + (hasSpace ? 2 : 1))
  }
}

/// The value of a `retry` field.
enum RetryValue {
  /// One or more ASCII digits; a number beyond `Int64` counts as the largest. nil: it is to be ignored.
  static func duration(_ digits: UnsafeRawBufferPointer) -> Duration? {
    guard !digits.isEmpty else { return nil }
    var number: Int64 = 0
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (ten, isTooMuch) = number.multipliedReportingOverflow(by: 10)
      let (sum, isTooMuchNow) = ten.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      number = isTooMuch || isTooMuchNow || number == .max ? .max : sum
    }
    return .milliseconds(number)
  }
}
