import ArgumentParser
import EventSourceFormat
import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// An event stream on the standard input, as lines of JSON.
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Decodes an event stream on standard input into JSON, a line for each event, comment, and the end.")

  @Option(help: "Feed the decoder so many bytes at a time.")
  var chunk: Int?

  @Option(name: .customLong("last-event-id"), help: "The last event ID to begin with.")
  var lastEventID = ""

  func validate() throws {
    if let chunk, chunk < 1 { throw ValidationError("--chunk takes a number of at least 1") }
  }

  func run() throws {
    let output = Output()
    var parser = EventStreamParser(lastEventID: lastEventID, reportsComments: true)
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = buffer.withUnsafeMutableBytes { read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else {
        throw Failure.exit(Failure.inputOutput, "standard input: \(String(cString: strerror(errno)))")
      }
      if count == 0 { break }
      var rest = buffer[..<count]
      while !rest.isEmpty {
        let piece = rest.prefix(chunk ?? rest.count)
        rest = rest.dropFirst(piece.count)
        do {
          try parser.parse(Array(piece)) { element in
            switch element {
            case .event(let event):
              try output.json(EventLine(type: event.type, data: event.data, lastEventID: event.lastEventID))
            case .comment(let comment):
              try output.json(CommentLine(comment: comment))
            case .reconnectionTime:
              break
            }
          }
        } catch let error as EventStreamParserError {
          throw Failure.exit(Failure.data, "\(error)")
        }
      }
    }
    parser.finish()
    let time = parser.reconnectionTime.map { time -> Int64 in
      let (seconds, attoseconds) = time.components
      let (product, isTooLarge) = seconds.multipliedReportingOverflow(by: 1000)
      return isTooLarge ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000).partialValue
    }
    try output.json(EndLine(lastEventID: parser.lastEventID, reconnectionTime: time))
  }
}
