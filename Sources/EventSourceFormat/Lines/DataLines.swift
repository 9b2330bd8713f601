/// The lines of an event's data: what is between CR LF, LF and CR.
enum DataLines {
  /// Calls `body` with every line, in order, without its end; with one empty line, if there is no data.
  @inline(__always)
  static func forEach(in data: UnsafeBufferPointer<UInt8>, _ body: (UnsafeRawBufferPointer) -> Void) {
    var scanner = LineScanner(UnsafeRawBufferPointer(data), endedWithCR: false)
    while let line = scanner.nextLine() { body(line) }
    body(scanner.rest)
  }
}
