// For any parts of an event, either they are rejected or the parser returns them unchanged.
//
// Compiled with only the files of Sources/EventSourceFormat.

/// The entry point for libFuzzer. The input is four texts, separated by 0xFF: ID, type, data, comment.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRoundTrip(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  let parts = UnsafeBufferPointer(start: data, count: count).split(
    separator: 0xFF, maxSplits: 3, omittingEmptySubsequences: false)
  let texts = (0..<4).map { $0 < parts.count ? String(decoding: parts[$0], as: UTF8.self) : "" }
  var encoded: [UInt8] = []
  do {
    try EventStreamEncoder.encode(comment: texts[3], into: &encoded)
  } catch {
    precondition(encoded.isEmpty, "what was refused was written")
  }
  guard let id = try? EventID(texts[0]) else { return 0 }
  let type = try? EventType(texts[1])
  precondition(type != nil || texts[1].isEmpty || texts[1].utf8.contains { $0 == 10 || $0 == 13 }, "a type was refused")
  let event = ServerSentEvent(data: texts[2], type: type, id: id)
  do {
    let before = encoded.count
    try EventStreamEncoder.encode(event, into: &encoded)
    let count = try EventStreamEncoder.byteCount(of: event)
    precondition(count == encoded.count - before, "the count differs")
  } catch {
    preconditionFailure("\(error)")
  }
  var events: [ReceivedEvent] = []
  var parser = EventStreamParser()
  try? parser.parse(encoded) { if case .event(let event) = $0 { events.append(event) } }
  var lines: [UInt8] = []
  for byte in texts[2].utf8 {
    if byte == 10, lines.last == 13 { lines.removeLast() }
    lines.append(byte)
  }
  precondition(events.count == 1, "one event became \(events.count)")
  precondition(events[0].data.utf8.elementsEqual(lines.map { $0 == 13 ? 10 : $0 }), "the data differs")
  precondition(events[0].lastEventID.utf8.elementsEqual(texts[0].utf8), "the ID differs")
  precondition(events[0].type.utf8.elementsEqual((type?.rawValue ?? "message").utf8), "the type differs")
  return 0
}
