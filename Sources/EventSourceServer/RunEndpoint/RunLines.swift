internal import EventSourceFormat

/// The encoding of runs as JSON lines: one object per event, for readers that do not accept event streams.
///
///     {"id":"k2v…-7","type":"message","data":"…"}
enum RunLines {
  /// Returns the JSON line for a block of a log, with its line feed.
  static func line(of block: UnsafeRawBufferPointer) -> [UInt8] {
    var line = ""
    var parser = EventStreamParser()
    // The encoder wrote the block, so it is one event.
    try? parser.parse(Array(block)) { element in
      guard case .event(let event) = element else { return }
      let id = EventBlock.id(of: block)
      let idText = id.isEmpty ? "null" : GapEvent.quoted(String(decoding: id, as: UTF8.self))
      line += "{\"id\":\(idText),\"type\":\(GapEvent.quoted(event.type)),\"data\":\(GapEvent.quoted(event.data))}\n"
    }
    return Array(line.utf8)
  }
}
