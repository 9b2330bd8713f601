/// Encodes events, comments and reconnection times (WHATWG HTML 9.2.5).
///
/// Lines end with LF, and a field's value follows a colon and one space. The fields of an event have the order `event`,
/// `retry`, `data`, `id`, followed by a blank line. The ID is last because some clients store an ID as soon as they
/// have read its line. A client that is disconnected within the event has then not stored its ID, and gets the event
/// again when it reconnects. A function that throws has written nothing.
public enum EventStreamEncoder {
  /// Appends an encoded event. Linear in its size.
  public static func encode(_ event: ServerSentEvent, into bytes: inout [UInt8]) throws(EventStreamFormatError) {
    let count = try byteCount(of: event)
    append(count, to: &bytes) { write(event, to: $0) }
  }

  /// Appends an encoded comment: a colon, the text and a line break. A comment needs no blank line.
  public static func encode(comment: String, into bytes: inout [UInt8]) throws(EventStreamFormatError) {
    let count = try byteCount(ofComment: comment)
    append(count, to: &bytes) { write(comment: comment, to: $0) }
  }

  /// Appends a block that sets the reader's reconnection time, in whole milliseconds, and dispatches no event.
  public static func encode(reconnectionTime: Duration, into bytes: inout [UInt8]) throws(EventStreamFormatError) {
    bytes += "retry: \(try milliseconds(reconnectionTime))\n\n".utf8
  }

  /// Returns the encoded size of an event, in bytes, for allocating the memory that `write(_:to:)` needs. Reads every
  /// byte of the data once.
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

  /// Writes an event to memory that has room for ``byteCount(of:)`` bytes.
  ///
  /// - Returns: The number of bytes written.
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

  /// Returns the encoded size of a comment, in bytes.
  public static func byteCount(ofComment comment: String) throws(EventStreamFormatError) -> Int {
    try EventStreamFormatError.checkLine(comment, of: .comment, allowsNUL: true)
    return comment.utf8.count + ":\n".utf8.count
  }

  /// Writes a comment to memory that has room for ``byteCount(ofComment:)`` bytes.
  ///
  /// - Returns: The number of bytes written.
  @discardableResult
  public static func write(comment: String, to memory: UnsafeMutableRawBufferPointer) -> Int {
    var writer = MemoryWriter(memory)
    writer.writeLine(":", comment)
    return writer.count
  }

  private static func append(
    _ count: Int, to bytes: inout [UInt8], _ write: (UnsafeMutableRawBufferPointer) -> Int
  ) {
    withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { memory in
      _ = write(memory)
      bytes.append(contentsOf: memory)
    }
  }

  /// Whole milliseconds, clamped to `Int64`, as this module's parser clamps larger numbers.
  private static func milliseconds(_ time: Duration) throws(EventStreamFormatError) -> UInt64 {
    guard time >= .zero else { throw .negativeReconnectionTime(time) }
    // Clamped first, because a duration may have more seconds than its components can represent.
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
