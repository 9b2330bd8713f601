/// Reads an event stream from bytes that come in any pieces (WHATWG HTML 9.2.6).
///
/// An event is dispatched as soon as the line break of its blank line is there; a CR ends a line without waiting for
/// the LF that may follow. Bytes that are not UTF-8 are replaced as the Encoding standard says. Every byte is looked at
/// once, so that parsing is linear in what comes, however it is cut up; a block that lies within one piece costs the
/// strings that are handed out and nothing else.
///
/// Who does not need the steps in between uses the sequences that ``_Concurrency/AsyncSequence`` has for this.
public struct EventStreamParser: Sendable {
  /// What a parser gives out.
  public enum Element: Sendable, Hashable {
    /// An event was dispatched.
    case event(ReceivedEvent)
    /// A comment's line ended; without its colon, otherwise unchanged. Only if asked for.
    case comment(String)
    /// The stream said how long to wait before reconnecting.
    case reconnectionTime(Duration)
  }

  /// How much memory a stream may make the parser use.
  public struct Limits: Sendable, Hashable {
    /// The longest line, in bytes without its end.
    public var maximumLineBytes: Int
    /// The most bytes of one event's data.
    public var maximumEventBytes: Int

    /// Makes limits, each at least 1.
    public init(maximumLineBytes: Int = 16 << 20, maximumEventBytes: Int = 16 << 20) {
      precondition(maximumLineBytes > 0 && maximumEventBytes > 0, "an event stream's limits are at least 1 byte")
      self.maximumLineBytes = maximumLineBytes
      self.maximumEventBytes = maximumEventBytes
    }
  }

  /// The last event ID as of the last blank line: what a reader sends when it reconnects. Empty: there is none.
  public private(set) var lastEventID: String
  /// The last valid reconnection time; nil: the stream has not said one. Kept by ``reset()``.
  public private(set) var reconnectionTime: Duration?

  private let limits: Limits
  private let reportsComments: Bool
  private var byteOrderMark = ByteOrderMark()
  private var endedWithCR = false
  /// The beginning of a line whose end has not come.
  private var line: [UInt8] = []
  private var block: EventBlock
  private var failure: EventStreamParserError?

  /// Makes a parser for the beginning of a stream.
  ///
  /// - Parameters:
  ///   - lastEventID: The last event ID that the reader has already.
  ///   - limits: How much memory the stream may make the parser use.
  ///   - reportsComments: Whether comments are given out; they cost nothing otherwise.
  public init(lastEventID: String = "", limits: Limits = Limits(), reportsComments: Bool = false) {
    self.lastEventID = lastEventID
    self.limits = limits
    self.reportsComments = reportsComments
    block = EventBlock(lastEventID: lastEventID)
  }

  /// Takes the next bytes of the stream and gives out what is complete with them, in the order of the stream.
  ///
  /// - Throws: ``EventStreamParserError`` when a limit is exceeded, before more memory is used, and again at every
  ///   further
  ///   call until ``reset()``; or what `receive` throws, after which the rest of the bytes is lost.
  public mutating func parse(_ bytes: RawSpan, _ receive: (Element) throws -> Void) throws {
    try bytes.withUnsafeBytes { try parse($0, receive) }
  }

  /// Takes the next bytes of the stream; see ``parse(_:_:)-(RawSpan,_)``.
  public mutating func parse(_ bytes: [UInt8], _ receive: (Element) throws -> Void) throws {
    try bytes.withUnsafeBytes { try parse($0, receive) }
  }

  /// Takes the next bytes of the stream; see ``parse(_:_:)-(RawSpan,_)``. They are needed only for the call.
  public mutating func parse(_ bytes: UnsafeRawBufferPointer, _ receive: (Element) throws -> Void) throws {
    if let failure { throw failure }
    do {
      try parseLines(of: bytes, receive)
    } catch let error as EventStreamParserError {
      failure = error
      forgetUnfinished()
      throw error
    }
  }

  /// The stream has ended: what is not complete is forgotten, also an ID whose block has no blank line.
  public mutating func finish() { forgetUnfinished() }

  /// Another stream begins, of the same reader: only ``lastEventID`` and ``reconnectionTime`` are kept.
  public mutating func reset() {
    forgetUnfinished()
    byteOrderMark = ByteOrderMark()
    failure = nil
  }

  private mutating func forgetUnfinished() {
    endedWithCR = false
    line = []
    block = EventBlock(lastEventID: lastEventID)
  }
}

extension EventStreamParser {
  private mutating func parseLines(of bytes: UnsafeRawBufferPointer, _ receive: (Element) throws -> Void) throws {
    var scanner = LineScanner(bytes)
    byteOrderMark.skip(in: &scanner, putting: &line)
    while scanner.hasMore {
      if endedWithCR {
        endedWithCR = false
        if scanner.skipLF() { continue }
      }
      guard let next = scanner.nextLine() else { break }
      endedWithCR = next.endsWithCR
      try checkLine(line.count + next.bytes.count)
      if line.isEmpty {
        try process(next.bytes, isInInput: true, receive)
      } else {
        line.append(contentsOf: next.bytes)
        // Taken out, because a line may not change while it is looked at.
        var whole: [UInt8] = []
        swap(&whole, &line)
        try whole.withUnsafeBytes { try process($0, isInInput: false, receive) }
        if whole.capacity <= Self.keptCapacity {
          whole.removeAll(keepingCapacity: true)
          swap(&whole, &line)
        }
      }
    }
    // What is left lives only as long as the call: it is copied.
    try checkLine(line.count + scanner.rest.count)
    line.append(contentsOf: scanner.rest)
    block.own()
  }

  /// Memory for lines that is not given back after each.
  private static let keptCapacity = 64 << 10

  private func checkLine(_ count: Int) throws {
    guard count <= limits.maximumLineBytes else {
      throw EventStreamParserError.lineTooLong(bytes: count, limit: limits.maximumLineBytes)
    }
  }

  @inline(__always)
  private mutating func process(
    _ line: UnsafeRawBufferPointer, isInInput: Bool, _ receive: (Element) throws -> Void
  ) throws {
    guard let start = line.baseAddress, !line.isEmpty else {
      lastEventID = block.lastEventID
      if let event = block.takeEvent() { try receive(.event(event)) }
      return
    }
    let field = FieldLine.of(line)
    let value = UnsafeRawBufferPointer(start: start + field.valueOffset, count: line.count - field.valueOffset)
    switch field.name {
    case .data:
      let count = block.dataCount(adding: value)
      guard count <= limits.maximumEventBytes else {
        throw EventStreamParserError.eventTooLarge(bytes: count, limit: limits.maximumEventBytes)
      }
      block.addData(value, isBorrowed: isInInput)
    case .event:
      block.setType(value)
    case .id:
      // A reader ignores an ID with a NUL.
      if !value.contains(0) { block.setID(value) }
    case .retry:
      if let time = RetryValue.duration(value) {
        reconnectionTime = time
        try receive(.reconnectionTime(time))
      }
    case .comment:
      if reportsComments { try receive(.comment(String(decoding: value, as: UTF8.self))) }
    case .other:
      break
    }
  }
}
