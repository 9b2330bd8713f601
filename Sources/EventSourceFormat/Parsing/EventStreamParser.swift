/// Parses an event stream from chunks of bytes of any size (WHATWG HTML 9.2.6).
///
/// An event is dispatched as soon as the line break of its blank line arrives. A CR ends a line without waiting for an
/// LF that may follow. Invalid UTF-8 is replaced according to the Encoding standard. Every byte is read once, so
/// parsing is linear in the size of the input, however it is split. A block within one chunk allocates only the strings
/// that are returned.
///
/// For whole streams, use `serverSentEvents()` of ``_Concurrency/AsyncSequence`` instead.
public struct EventStreamParser: Sendable {
  /// An element of an event stream.
  public enum Element: Sendable, Hashable {
    /// An event was dispatched.
    case event(ReceivedEvent)
    /// A comment: its line without the colon, otherwise unchanged. Only if requested.
    case comment(String)
    /// The stream set the reconnection time.
    case reconnectionTime(Duration)
  }

  /// The limits on the parser's memory. Only two buffers can exceed them, while they grow: their capacity is at most
  /// twice their content. The memory of a large event is reused for the next one. It is released as soon as something
  /// arrives that does not need it, for example a comment.
  ///
  /// Limits of zero or less are allowed; they reject everything.
  public struct Limits: Sendable, Hashable {
    /// The maximum length of a line in bytes, without its end.
    public var maximumLineBytes: Int
    /// The maximum size of an event's data in bytes.
    public var maximumEventBytes: Int

    /// Creates limits.
    public init(maximumLineBytes: Int = 16 << 20, maximumEventBytes: Int = 16 << 20) {
      self.maximumLineBytes = maximumLineBytes
      self.maximumEventBytes = maximumEventBytes
    }
  }

  /// The last event ID as of the last blank line. A reader sends it when it reconnects. Empty if there is none.
  public var lastEventID: String { block.lastEventID }
  /// The last valid reconnection time. `nil` if the stream has not sent one. ``reset()`` keeps it.
  public internal(set) var reconnectionTime: Duration?

  let limits: Limits
  let reportsComments: Bool
  var byteOrderMark = ByteOrderMark()
  var endedWithCR = false
  /// The beginning of a line whose end has not arrived.
  var line: [UInt8] = []
  var block: EventBlock
  private var failure: (any Error)?

  /// Creates a parser for the beginning of a stream.
  ///
  /// - Parameters:
  ///   - lastEventID: The reader's last event ID.
  ///   - limits: The limits on the parser's memory.
  ///   - reportsComments: Whether to report comments. Otherwise, they cost nothing.
  public init(lastEventID: String = "", limits: Limits = Limits(), reportsComments: Bool = false) {
    self.limits = limits
    self.reportsComments = reportsComments
    block = EventBlock(lastEventID: lastEventID)
  }

  /// Parses the next bytes of the stream and reports the elements that they complete, in the order of the stream.
  ///
  /// - Throws: ``EventStreamParserError`` when a limit is exceeded, before more memory is used, or any error of
  ///   `onElement`. The rest of the bytes is lost in both cases, so every further call throws the same error until
  ///   ``reset()``.
  public mutating func parse(_ bytes: RawSpan, onElement: (Element) throws -> Void) throws {
    try bytes.withUnsafeBytes { try parse($0, onElement: onElement) }
  }

  /// Parses the next bytes of the stream. See ``parse(_:onElement:)-(RawSpan,_)``.
  public mutating func parse(_ bytes: [UInt8], onElement: (Element) throws -> Void) throws {
    try bytes.withUnsafeBytes { try parse($0, onElement: onElement) }
  }

  /// Parses the next bytes of the stream. See ``parse(_:onElement:)-(RawSpan,_)``. The bytes need to be valid only
  /// during the call.
  public mutating func parse(_ bytes: UnsafeRawBufferPointer, onElement: (Element) throws -> Void) throws {
    if let failure { throw failure }
    do {
      try parseLines(of: bytes, onElement) { line, block in
        let text = String(decoding: line, as: UTF8.self)
        if block.isPlain {
          try onElement(.event(ReceivedEvent(type: "message", data: text, id: .none)))
        } else {
          try onElement(.event(block.takeEvent(text)))
        }
      }
    } catch {
      try fail(error)
    }
  }

  /// Parses the next bytes of the stream, and adds the completed elements to `parsed`, which was made of these bytes.
  ///
  /// - Throws: The same as ``parse(_:onElement:)-(RawSpan,_)``. Elements completed before the error are in `parsed`.
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

  /// Ends the stream. Discards everything incomplete, including an ID whose block has no blank line.
  public mutating func finish() { forgetUnfinished() }

  /// Whether the bytes so far end in the middle of an event, which ``finish()`` would discard: after a line of the
  /// event but before its blank line, or within a line that is not a comment.
  public var isInsideEvent: Bool { block.isBegun || (!line.isEmpty && line.first != UInt8(ascii: ":")) }

  /// Prepares for another stream of the same reader. Keeps only ``lastEventID`` and ``reconnectionTime``.
  public mutating func reset() {
    forgetUnfinished()
    byteOrderMark = ByteOrderMark()
    failure = nil
  }

  /// The memory in bytes allocated for split lines and data, including unused capacity.
  package var retainedBytes: Int { line.capacity + block.retainedBytes }

  private mutating func forgetUnfinished() {
    endedWithCR = false
    line = []
    block = EventBlock(lastEventID: lastEventID)
  }
}
