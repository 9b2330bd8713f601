import EventSourceFormat
import Testing

@Suite struct ConformanceTests {
  @Test func theCorpusIsWhole() {
    #expect(ConformanceVector.all.count == 298)
  }

  @Test(arguments: ConformanceVector.all)
  func theParserGivesWhatTheStandardSays(vector: ConformanceVector) throws {
    let bytes = vector.chunks.flatMap { $0 }
    let asGiven = try outcome(of: vector, in: vector.chunks)
    expect(asGiven, of: vector)
    expect(try outcome(of: vector, in: [bytes]), of: vector)
    expect(try outcome(of: vector, in: bytes.map { [$0] }), of: vector)
    expect(try outcome(of: vector, in: [[]] + vector.chunks.flatMap { [$0, []] }), of: vector)
    if let dispatched = vector.dispatchedAfterChunk { #expect(asGiven.eventChunks == dispatched) }
    if bytes.count < 400 {
      for split in 0...bytes.count {
        expect(try outcome(of: vector, in: [Array(bytes[..<split]), Array(bytes[split...])]), of: vector)
      }
    }
  }

  private struct Outcome {
    var events: [ReceivedEvent] = []
    /// The chunk that completed each event.
    var eventChunks: [Int] = []
    var comments: [String] = []
    var lastEventID = ""
    var reconnectionTime: Duration?
  }

  private func outcome(of vector: ConformanceVector, in chunks: [[UInt8]]) throws -> Outcome {
    var outcome = Outcome()
    var parser = EventStreamParser(lastEventID: vector.initialLastEventID ?? "", reportsComments: true)
    for (index, chunk) in chunks.enumerated() {
      try parser.parse(chunk) { element in
        switch element {
        case .event(let event):
          outcome.events.append(event)
          outcome.eventChunks.append(index)
        case .comment(let comment): outcome.comments.append(comment)
        case .reconnectionTime: break
        }
      }
    }
    parser.finish()
    outcome.lastEventID = parser.lastEventID
    outcome.reconnectionTime = parser.reconnectionTime
    return outcome
  }

  /// Compares bytes, because string equality is canonical equivalence.
  private func expect(_ outcome: Outcome, of vector: ConformanceVector) {
    let events = outcome.events.map { [$0.type, $0.data, $0.lastEventID].map { Array($0.utf8) } }
    #expect(events == vector.expect.map { [$0.type, $0.data, $0.lastEventID].map { Array($0.utf8) } })
    #expect(outcome.comments.map { Array($0.utf8) } == vector.comments.map { Array($0.utf8) })
    #expect(Array(outcome.lastEventID.utf8) == Array(vector.lastEventIDAfter.utf8))
    if vector.reconnectionTimeExact == nil {
      #expect(outcome.reconnectionTime == vector.reconnectionTimeAfter.map { .milliseconds($0) })
    } else {
      #expect(outcome.reconnectionTime! >= .zero)
    }
  }
}
