/// A line of an event stream that is not blank, as a field (WHATWG HTML 9.2.6).
///
/// Offsets into the line are first compared with its length.
struct FieldLine {
  private let start: UnsafeRawPointer
  private let count: Int

  /// Returns nil if the line is blank.
  @inline(__always)
  init?(_ line: UnsafeRawBufferPointer) {
    guard line.count > 0, let start = line.baseAddress else { return nil }
    self.start = start
    count = line.count
  }

  @inline(__always)
  var first: UInt8 { start.load(as: UInt8.self) }

  /// The bytes after the first one.
  var rest: UnsafeRawBufferPointer { dropping(1) }

  /// Returns the value of the field if it has this name: the bytes after the colon and an optional space. Empty without
  /// a colon.
  @inline(__always)
  func value(of name: StaticString) -> UnsafeRawBufferPointer? {
    let length = name.utf8CodeUnitCount
    guard count >= length else { return nil }
    for index in 0..<length where byte(index) != name.utf8Start[index] { return nil }
    if count == length { return dropping(length) }
    guard byte(length) == UInt8(ascii: ":") else { return nil }
    return dropping(count > length + 1 && byte(length + 1) == UInt8(ascii: " ") ? length + 2 : length + 1)
  }

  @inline(__always)
  private func byte(_ index: Int) -> UInt8 { start.load(fromByteOffset: index, as: UInt8.self) }

  @inline(__always)
  private func dropping(_ prefix: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start + prefix, count: count - prefix)
  }
}

extension Duration {
  /// Parses a reconnection time in milliseconds. Returns nil unless the bytes are one or more ASCII digits. Numbers
  /// beyond `Int64` count as its maximum.
  init?(reconnectionTime digits: UnsafeRawBufferPointer) {
    guard !digits.isEmpty else { return nil }
    var number: Int64 = 0
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (ten, isTooMuch) = number.multipliedReportingOverflow(by: 10)
      let (sum, isTooMuchNow) = ten.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      number = isTooMuch || isTooMuchNow || number == .max ? .max : sum
    }
    self = .milliseconds(number)
  }
}
