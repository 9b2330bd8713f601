import ArgumentParser
import EventSourceFormat

/// Converts an event stream on standard input to lines of JSON on standard output.
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Decodes the event stream on standard input, to one JSON object per line.",
    discussion: """
      An event becomes {"type":...,"data":...,"lastEventID":...}, a comment {"comment":...}, and the end \
      {"end":true,"lastEventID":...,"reconnectionTime":...}, with the time in milliseconds or null. If a line or an \
      event has more than 16 MiB, the command prints everything before it and ends with status 65.
      """
  )

  @Option(help: ArgumentHelp("Decode this many bytes at a time (default: as they arrive).", valueName: "bytes"))
  var chunk: Int?

  @Option(name: .customLong("last-event-id"), help: ArgumentHelp("The last event ID to begin with.", valueName: "id"))
  var lastEventID = ""

  func validate() throws {
    guard (1...16 << 20).contains(chunk ?? 1) else {
      throw ValidationError("--chunk is \(chunk ?? 0); expected 1 to \(16 << 20).")
    }
    try validateLastEventID(lastEventID)
  }

  func run() throws {
    let input = try InputFile("-")
    var output = StandardOutput()
    var parser = EventStreamParser(lastEventID: lastEventID, reportsComments: true)
    var memory = [UInt8](repeating: 0, count: chunk ?? 64 << 10)
    while true {
      let count = try fill(&memory, from: input)
      if count == 0 { break }
      do {
        try memory.withUnsafeBytes { bytes in
          try parser.parse(UnsafeRawBufferPointer(rebasing: bytes[..<count])) { try add($0, to: &output) }
        }
      } catch let error as EventStreamParserError {
        try output.flush()
        throw Failure(.data, "standard input: \(error)")
      }
      // Flushed, so that a reader of a continuing stream sees complete events immediately.
      if chunk == nil { try output.flush() }
    }
    parser.finish()
    let time = parser.reconnectionTime.map { "\($0.wholeMilliseconds)" } ?? "null"
    try output.add { line in
      line += "{\"end\":true".utf8
      line.appendMember("lastEventID", parser.lastEventID)
      line.appendMember("reconnectionTime", literal: time)
      line += "}".utf8
    }
    try output.flush()
  }

  /// Returns as many bytes as were requested, fewer only at the end. Without a request, returns what is available.
  private func fill(_ memory: inout [UInt8], from input: InputFile) throws -> Int {
    try memory.withUnsafeMutableBytes { bytes in
      var count = 0
      while count < bytes.count {
        let taken = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[count...]))
        count += taken
        if taken == 0 || chunk == nil { break }
      }
      return count
    }
  }

  private func add(_ element: EventStreamParser.Element, to output: inout StandardOutput) throws {
    switch element {
    case .event(let event):
      try output.add { $0.appendEvent(type: event.type, data: event.data, lastEventID: event.lastEventID) }
    case .comment(let text): try output.add { $0.appendComment(text) }
    case .reconnectionTime: break
    }
  }
}

/// Validates an ID that will be sent back. An argument of a program cannot contain a NUL.
func validateLastEventID(_ id: String) throws {
  guard (try? EventID(id)) != nil else { throw ValidationError("--last-event-id has a line break.") }
}

extension Duration {
  var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
