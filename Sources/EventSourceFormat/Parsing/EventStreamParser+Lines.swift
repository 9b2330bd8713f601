extension EventStreamParser {
  /// Parses bytes.
  ///
  /// - Parameters:
  ///   - receive: Takes what is complete.
  ///   - receiveLine: Takes the only line of data of an event that lies in the bytes with its blank line, and takes the
  ///     rest of the event from the block. It is inlined into the loop.
  @inline(__always)
  mutating func parseLines(
    of bytes: UnsafeRawBufferPointer, _ receive: (Element) throws -> Void,
    line receiveLine: (UnsafeRawBufferPointer, inout EventBlock) throws -> Void
  ) throws {
    var scanner = LineScanner(bytes, endedWithCR: endedWithCR)
    let (hadNoLine, hadNoData) = (line.isEmpty, !block.hasData)
    if !byteOrderMark.isDone { byteOrderMark.skip(in: &scanner, putting: &line) }
    if try line.isEmpty || finishLine(in: &scanner, receive) {
      try parseWholeLines(in: &scanner, receive, line: receiveLine)
    }
    try keep(scanner.rest)
    endedWithCR = scanner.endedWithCR
    if hadNoLine, line.isEmpty { line.giveBack() }
    if hadNoData, !block.hasData { block.giveBack() }
  }

  /// Handles the lines that repeat in most streams. Passes all others on.
  @inline(__always)
  private mutating func parseWholeLines(
    in scanner: inout LineScanner, _ receive: (Element) throws -> Void,
    line receiveLine: (UnsafeRawBufferPointer, inout EventBlock) throws -> Void
  ) throws {
    while true {
      if let words = scanner.peekWords() {
        // "data:", with an optional space
        if words.low & 0xFF_FFFF_FFFF == 0x3A_6174_6164 {
          let prefixCount = words.low &>> 40 & 0xFF == 0x20 ? 6 : 5
          guard let value = scanner.nextLine(behind: prefixCount) else { return }
          try checkLine(prefixCount + value.count)
          try checkData(value)
          if !block.hasData, scanner.skipBlankLine() {
            // The most frequent block has a single line of data, its last line.
            try receiveLine(value, &block)
          } else {
            block.addData(value, isBeforeLF: LineBreak.isLF(behind: value))
          }
          continue
        }
        if words.low & 0xFF == 0x0A, let line = block.takeBorrowedLine() {
          scanner.takeLine(ofCount: 0)
          try receiveLine(line, &block)
          continue
        }
        if let count = block.repeatType(for: words) {
          scanner.takeLine(ofCount: count)
          continue
        }
        if let short = ShortBytes(beforeLFIn: words), process(short) {
          scanner.takeLine(ofCount: short.count)
          continue
        }
      }
      guard let line = scanner.nextLine() else { return }
      if line.isEmpty, let line = block.takeBorrowedLine() {
        try receiveLine(line, &block)
      } else {
        try process(line, receive)
      }
    }
  }

  /// Copies the beginning of a line and of the data, because the bytes are valid only during the call.
  @inline(never)
  private mutating func keep(_ rest: UnsafeRawBufferPointer) throws {
    try checkLine(line.count + rest.count)
    line.append(contentsOf: rest)
    block.own()
  }

  /// Handles a line that began in earlier bytes. Returns `false` if its end has not arrived.
  @inline(never)
  private mutating func finishLine(in scanner: inout LineScanner, _ receive: (Element) throws -> Void) throws -> Bool {
    guard let end = scanner.nextLine() else { return false }
    try checkLine(line.count + end.count)
    line.append(contentsOf: end)
    // Moved out, because a line must not change while it is read.
    var whole: [UInt8] = []
    swap(&whole, &line)
    let dataStart = try whole.withUnsafeBytes { line -> Int? in
      if !block.hasData, let value = FieldLine(line)?.value(of: "data") {
        try checkData(value)
        guard scanner.skipBlankLine() else { return line.count - value.count }
        block.giveBack()
        try receive(.event(block.takeEvent(String(decoding: value, as: UTF8.self))))
        return nil
      }
      try process(line, receive)
      return nil
    }
    if let dataStart { block.takeData(from: &whole, at: dataStart) }
    whole.emptyAfterUse()
    swap(&whole, &line)
    return true
  }

  @inline(__always)
  private func checkLine(_ count: Int) throws {
    guard count <= limits.maximumLineBytes else {
      throw EventStreamParserError.lineTooLong(bytes: count, limit: limits.maximumLineBytes)
    }
  }

  @inline(__always)
  private func checkData(_ value: UnsafeRawBufferPointer) throws {
    let count = block.dataCount(adding: value)
    guard count <= limits.maximumEventBytes else {
      throw EventStreamParserError.eventTooLarge(bytes: count, limit: limits.maximumEventBytes)
    }
  }

  /// Handles a line of the two kinds that repeat in most streams. Returns `false` for any other line.
  @inline(__always)
  private mutating func process(_ line: ShortBytes) -> Bool {
    guard line.count <= limits.maximumLineBytes else { return false }
    // "id:"
    if let id = line.dropping(0x3A_6469, count: 3) {
      block.setID(id.dropping(0x20, count: 1) ?? id)
      return true
    }
    // "event:"
    if let type = line.dropping(0x3A74_6E65_7665, count: 6) {
      block.setType(type.dropping(0x20, count: 1) ?? type, named: line)
      return true
    }
    return false
  }

  /// Handles any line.
  @inline(never)
  private mutating func process(_ line: UnsafeRawBufferPointer, _ receive: (Element) throws -> Void) throws {
    try checkLine(line.count)
    guard let field = FieldLine(line) else {
      if let event = block.takeEvent() { try receive(.event(event)) }
      return
    }
    switch field.first {
    case UInt8(ascii: "d"):
      guard let value = field.value(of: "data") else { break }
      try checkData(value)
      block.addData(value, isBeforeLF: false)
    case UInt8(ascii: "e"):
      if let value = field.value(of: "event") { block.setType(value) }
    case UInt8(ascii: "i"):
      if let value = field.value(of: "id") { block.setID(value) }
    case UInt8(ascii: "r"):
      guard let value = field.value(of: "retry"), let time = Duration(reconnectionTime: value) else { break }
      reconnectionTime = time
      try receive(.reconnectionTime(time))
    case UInt8(ascii: ":"):
      if reportsComments { try receive(.comment(String(decoding: field.rest, as: UTF8.self))) }
    default: break
    }
  }
}
