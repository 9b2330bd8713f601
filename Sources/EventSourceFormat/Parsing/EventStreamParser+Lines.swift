extension EventStreamParser {
  mutating func parseLines(of bytes: UnsafeRawBufferPointer, _ receive: (Element) throws -> Void) throws {
    var scanner = LineScanner(bytes, endedWithCR: endedWithCR, lookAhead: lookAhead)
    defer { endedWithCR = scanner.endedWithCR }
    byteOrderMark.skip(in: &scanner, putting: &line)
    if try line.isEmpty || finishLine(in: &scanner, receive) {
      while let next = scanner.nextLine() {
        try checkLine(next.count)
        try process(next, receive)
      }
    }
    // What is left lives only as long as the call: it is copied.
    try checkLine(line.count + scanner.rest.count)
    line.append(contentsOf: scanner.rest)
    block.own()
  }

  /// Processes the line that began in bytes before these; false, if its end is still to come.
  private mutating func finishLine(in scanner: inout LineScanner, _ receive: (Element) throws -> Void) throws -> Bool {
    guard let end = scanner.nextLine() else { return false }
    try checkLine(line.count + end.count)
    line.append(contentsOf: end)
    // Taken out, because a line may not change while it is looked at.
    var whole: [UInt8] = []
    swap(&whole, &line)
    let dataStart = try whole.withUnsafeBytes { line -> Int? in
      if !block.hasData, case .data(let value) = FieldLine(line) {
        try checkData(value)
        return line.count - value.count
      }
      try process(line, receive)
      return nil
    }
    if let dataStart { block.takeData(from: &whole, at: dataStart) }
    whole.removeAll(keepingCapacity: whole.capacity <= EventBlock.keptCapacity)
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

  @inline(__always)
  private mutating func process(_ line: UnsafeRawBufferPointer, _ receive: (Element) throws -> Void) throws {
    if line.isEmpty { return try dispatch(receive) }
    switch FieldLine(line) {
    case .data(let value):
      try checkData(value)
      block.addData(value)
    case .type(let value): block.setType(value)
    case .id(let value): block.setID(value)
    case .reconnectionTime(let digits):
      guard let time = FieldLine.milliseconds(digits) else { break }
      reconnectionTime = time
      try receive(.reconnectionTime(time))
    case .comment(let text):
      if reportsComments { try receive(.comment(String(decoding: text, as: UTF8.self))) }
    case .other:
      break
    }
  }

  @inline(__always)
  private mutating func dispatch(_ receive: (Element) throws -> Void) throws {
    lastEventID = block.lastEventID.text
    if let event = block.takeEvent() { try receive(.event(event)) }
  }
}
