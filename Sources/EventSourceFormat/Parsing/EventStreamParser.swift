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

  /// How much memory a stream may make the parser use. It is exceeded by the growth of two buffers only, which have at
  /// most twice the capacity of what is in them. A large event's memory is used for the next one, and given back when
  /// something comes that does not need it, be it a comment.
  ///
  /// Limits of zero or less are no mistake that has to be caught: nothing gets through them.
  public struct Limits: Sendable, Hashable {
    /// The longest line, in bytes without its end.
    public var maximumLineBytes: Int
    /// The most bytes of one event's data.
    public var maximumEventBytes: Int

    /// Makes limits.
    public init(maximumLineBytes: Int = 16 << 20, maximumEventBytes: Int = 16 << 20) {
      self.maximumLineBytes = maximumLineBytes
      self.maximumEventBytes = maximumEventBytes
    }
  }

  /// The last event ID as of the last blank line: what a reader sends when it reconnects. Empty: there is none.
  public var lastEventID: String { block.lastEventID }
  /// The last valid reconnection time; nil: the stream has not said one. Kept by ``reset()``.
  public internal(set) var reconnectionTime: Duration?

  let limits: Limits
  let reportsComments: Bool
  var byteOrderMark = ByteOrderMark()
  var endedWithCR = false
  /// The beginning of a line whose end has not come.
  var line: [UInt8] = []
  var block: EventBlock
  private var failure: (any Error)?

  /// Makes a parser for the beginning of a stream.
  ///
  /// - Parameters:
  ///   - lastEventID: The last event ID that the reader has already.
  ///   - limits: How much memory the stream may make the parser use.
  ///   - reportsComments: Whether comments are given out; they cost nothing otherwise.
  public init(lastEventID: String = "", limits: Limits = Limits(), reportsComments: Bool = false) {
    self.limits = limits
    self.reportsComments = reportsComments
    block = EventBlock(lastEventID: lastEventID)
  }

  /// Takes the next bytes of the stream and gives out what is complete with them, in the order of the stream.
  ///
  /// - Throws: ``EventStreamParserError`` when a limit is exceeded, before more memory is used, or what `receive`
  ///   throws. The rest of the bytes is lost with either; so every further call throws the same until ``reset()``.
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
      try parseLines(of: bytes, receive) { line, block in
        let text = String(decoding: line, as: UTF8.self)
        if block.isPlain {
          try receive(.event(ReceivedEvent(type: "message", data: text, id: .none)))
        } else {
          try receive(.event(block.takeEvent(text)))
        }
      }
    } catch {
      try fail(error)
    }
  }

  /// Takes the next bytes of the stream, and adds to `parsed`, which was made of them, what is complete with them.
  ///
  /// - Throws: As ``parse(_:_:)-(RawSpan,_)``; what was complete before is in `parsed`.
  package mutating func parse(_ bytes: [UInt8], into parsed: inout ParsedElements) throws {
    if let failure { throw failure }
    do {
      try bytes.withUnsafeBytes { bytes in
        try parseLines(of: bytes) { element in
          parsed.append(element)
        } line: { line, block in
          parsed.append(line, of: bytes, &block)
        }
      }
    } catch {
      try fail(error)
    }
  }

  @inline(never)
  private mutating func fail(_ error: any Error) throws {
    failure = error
    forgetUnfinished()
    throw error
  }

  /// The stream has ended: what is not complete is forgotten, also an ID whose block has no blank line.
  public mutating func finish() { forgetUnfinished() }

  /// Whether the bytes so far end in the middle of an event, which ``finish()`` would discard: after a line of it
  /// without its blank line, or within a line that is no comment.
  public var isInsideEvent: Bool { block.isBegun || (!line.isEmpty && line.first != UInt8(ascii: ":")) }

  /// Another stream begins, of the same reader: only ``lastEventID`` and ``reconnectionTime`` are kept.
  public mutating func reset() {
    forgetUnfinished()
    byteOrderMark = ByteOrderMark()
    failure = nil
  }

  /// How much memory is held for what comes in pieces, in bytes, whether there is anything in it or not.
  package var retainedBytes: Int { line.capacity + block.retainedBytes }

  private mutating func forgetUnfinished() {
    endedWithCR = false
    line = []
    block = EventBlock(lastEventID: lastEventID)
  }
}
