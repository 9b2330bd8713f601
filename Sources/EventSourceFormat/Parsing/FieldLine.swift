/// What one line of an event stream that is not blank says (WHATWG HTML 9.2.6).
enum FieldLine {
  case data(UnsafeRawBufferPointer)
  case type(UnsafeRawBufferPointer)
  case id(UnsafeRawBufferPointer)
  case reconnectionTime(UnsafeRawBufferPointer)
  case comment(UnsafeRawBufferPointer)
  /// A field of another name.
  case other

  @inline(__always)
  init(_ line: UnsafeRawBufferPointer) {
    switch line[0] {
    case UInt8(ascii: "d"): self = Self.value(of: "data", in: line).map { .data($0) } ?? .other
    case UInt8(ascii: "e"): self = Self.value(of: "event", in: line).map { .type($0) } ?? .other
    case UInt8(ascii: "i"): self = Self.value(of: "id", in: line).map { .id($0) } ?? .other
    case UInt8(ascii: "r"): self = Self.value(of: "retry", in: line).map { .reconnectionTime($0) } ?? .other
    case UInt8(ascii: ":"): self = .comment(UnsafeRawBufferPointer(rebasing: line[1...]))
    default: self = .other
    }
  }

  /// The value of the line's field, if it has this name: behind the colon and at most one space, or empty without a
  /// colon.
  @inline(__always)
  private static func value(of name: StaticString, in line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    let length = name.utf8CodeUnitCount
    guard line.count >= length else { return nil }
    for index in 1..<length where line[index] != name.utf8Start[index] { return nil }
    guard line.count > length else { return UnsafeRawBufferPointer(rebasing: line[length...]) }
    guard line[length] == UInt8(ascii: ":") else { return nil }
    let hasSpace = line.count > length + 1 && line[length + 1] == UInt8(ascii: " ")
    return UnsafeRawBufferPointer(rebasing: line[(length + (hasSpace ? 2 : 1))...])
  }

  /// The milliseconds of a reconnection time: one or more ASCII digits, otherwise nil; a number beyond `Int64` counts
  /// as the largest.
  static func milliseconds(_ digits: UnsafeRawBufferPointer) -> Duration? {
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
