#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The lines of an event's data: what is between CR LF, LF and CR.
enum DataLines {
  /// Calls `body` with every line, in order, without its end; with one empty line, if there is no data.
  static func forEach(in data: UnsafeBufferPointer<UInt8>, _ body: (UnsafeRawBufferPointer) -> Void) {
    let data = UnsafeRawBufferPointer(data)
    guard find(UInt8(ascii: "\r"), in: data, from: 0) != nil else { return forEachEndedByLF(in: data, body) }
    var start = 0
    var index = 0
    while index < data.count {
      let byte = data[index]
      index += 1
      guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else { continue }
      body(UnsafeRawBufferPointer(rebasing: data[start..<(index - 1)]))
      if byte == UInt8(ascii: "\r"), index < data.count, data[index] == UInt8(ascii: "\n") { index += 1 }
      start = index
    }
    body(UnsafeRawBufferPointer(rebasing: data[start...]))
  }

  private static func forEachEndedByLF(in data: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
    var start = 0
    while let end = find(UInt8(ascii: "\n"), in: data, from: start) {
      body(UnsafeRawBufferPointer(rebasing: data[start..<end]))
      start = end + 1
    }
    body(UnsafeRawBufferPointer(rebasing: data[start...]))
  }

  private static func find(_ byte: UInt8, in data: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start < data.count, let base = data.baseAddress else { return nil }
    return memchr(base + start, Int32(byte), data.count - start).map { UnsafeRawPointer($0) - base }
  }
}
