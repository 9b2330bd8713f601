/// Writes event streams: events, comments and reconnection times, as WHATWG HTML 9.2.5 has them.
///
/// Lines end with LF; a field's value follows a colon and one space; an event's fields come in the order `event`,
/// `retry`, `data`, `id`, and a blank line ends it. The ID comes last, because some clients note an ID as soon as its
/// line is there: one that is cut off within the event has then not noted it, and gets the event again when it returns.
/// Whatever throws has written nothing.
public enum EventStreamEncoder {
  /// Appends an event. Linear in its size.
  public static func append(_ event: ServerSentEvent, to bytes: inout [UInt8]) throws(EventStreamFormatError) {
    let count = try byteCount(of: event)
    append(count, to: &bytes) { write(event, to: $0) }
  }

  /// Appends a comment: a colon, the text unchanged, and the end of the line. It needs no blank line of its own.
  public static func append(comment: String, to bytes: inout [UInt8]) throws(EventStreamFormatError) {
    let count = try byteCount(ofComment: comment)
    append(count, to: &bytes) { write(comment: comment, to: $0) }
  }

  /// Appends a block that tells the reader how long to wait before it reconnects, in whole milliseconds, and dispatches
  /// nothing.
  public static func append(reconnectionTime: Duration, to bytes: inout [UInt8]) throws(EventStreamFormatError) {
    bytes += "retry: \(try milliseconds(reconnectionTime))\n\n".utf8
  }

  /// How many bytes an event has: the first of two steps by which it is written to memory of the caller's own, with
  /// nothing allocated. Looks at every byte of the data once.
  public static func byteCount(of event: ServerSentEvent) throws(EventStreamFormatError) -> Int {
    var count = 1
    if let id = event.id { count += "id: \n".utf8.count + id.rawValue.utf8.count }
    if let type = event.type { count += "event: \n".utf8.count + type.rawValue.utf8.count }
    if let time = event.reconnectionTime { count += "retry: \n".utf8.count + digitCount(try milliseconds(time)) }
    event.data.withBytes { data in
      LineScanner.forEachLine(of: data) { count += "data: \n".utf8.count + $0.count }
    }
    return count
  }

  /// Writes an event to memory that has room for its ``byteCount(of:)``; how many bytes that was.
  @discardableResult
  public static func write(_ event: ServerSentEvent, to memory: UnsafeMutableRawBufferPointer) -> Int {
    write(event, id: event.id, to: memory)
  }

  /// Writes an event with this ID instead of its own.
  package static func write(
    _ event: ServerSentEvent, id: EventID?, to memory: UnsafeMutableRawBufferPointer
  ) -> Int {
    var writer = MemoryWriter(memory)
    if let type = event.type { writer.writeLine("event: ", type.rawValue) }
    if let time = event.reconnectionTime, let milliseconds = try? milliseconds(time) {
      writer.write("retry: ")
      writer.write(decimal: milliseconds)
      writer.write("\n")
    }
    event.data.withBytes { data in
      LineScanner.forEachLine(of: data) { line in
        writer.write("data: ")
        writer.write(line)
        writer.write("\n")
      }
    }
    if let id { writer.writeLine("id: ", id.rawValue) }
    writer.write("\n")
    return writer.count
  }

  /// How many bytes a comment has.
  public static func byteCount(ofComment comment: String) throws(EventStreamFormatError) -> Int {
    try EventStreamFormatError.checkLine(comment, of: .comment, allowsNUL: true)
    return comment.utf8.count + ":\n".utf8.count
  }

  /// Writes a comment to memory that has room for its ``byteCount(ofComment:)``; how many bytes that was.
  @discardableResult
  public static func write(comment: String, to memory: UnsafeMutableRawBufferPointer) -> Int {
    var writer = MemoryWriter(memory)
    writer.writeLine(":", comment)
    return writer.count
  }

  private static func append(
    _ count: Int, to bytes: inout [UInt8], _ write: (UnsafeMutableRawBufferPointer) -> Int
  ) {
    let start = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: count))
    bytes.withUnsafeMutableBytes { memory in
      _ = write(UnsafeMutableRawBufferPointer(rebasing: memory[start...]))
    }
  }

  /// Whole milliseconds, as many as an `Int64` counts at most: what a parser of this module gives for larger numbers.
  private static func milliseconds(_ time: Duration) throws(EventStreamFormatError) -> UInt64 {
    guard time >= .zero else { throw .negativeReconnectionTime(time) }
    // Clamped first, because a duration may have more seconds than its components can say.
    let (seconds, attoseconds) = min(time, .milliseconds(Int64.max)).components
    return UInt64(seconds) * 1000 + UInt64(attoseconds / 1_000_000_000_000_000)
  }

  private static func digitCount(_ number: UInt64) -> Int {
    var count = 1
    var rest = number / 10
    while rest > 0 {
      count += 1
      rest /= 10
    }
    return count
  }
}
