import EventSourceFormat
import Testing

/// Tests that parsing into the elements of a piece gives the same result as parsing one element at a time.
@Suite struct ParsedElementsTests {
  private static let pieces =
    [
      "data: x\n\n", "data: y\nid: 7\n\n", "id: 8\ndata: z\n\n", "event: a\ndata: 1\n\n",
      "data: 2\nevent: b\nid: 9\n\n",
      "event: a-type-that-is-too-long-for-two-words\ndata: 3\nid: an-ID-that-is-too-long-for-two-words\n\n",
      "data: one\ndata: two\n\n", "data\n\n", "data: \r\rid: 10\r\n\r\n", "id\n\n", "event: a\n\n", ": comment\n",
      "retry: 5\n", "retry: x\n", "data: ü€😀\n\n", "data: \u{FEFF}\0\n\n", "id: \0\ndata: q\n\n", "\n", "\r",
      "data: cut",
      "event:\ndata: w\n\n", "event: a\nevent: b\ndata: v\n\n", "id: 1\nid: 2\ndata: u\n\n",
    ].map { Array($0.utf8) } + [[0xFF], Array("data: ".utf8) + [0xE2, 0x82] + Array("\n\n".utf8)]

  @Test func piecesGiveTheSameElements() throws {
    for seed in 0..<4000 {
      var random = SeededRandom(seed: UInt64(seed))
      let input = (0..<Int.random(in: 1...30, using: &random)).flatMap { _ in
        Self.pieces.randomElement(using: &random)!
      }
      var (one, other) = (EventStreamParser(reportsComments: true), EventStreamParser(reportsComments: true))
      var rest = input[...]
      while !rest.isEmpty {
        let piece = Array(
          rest.prefix(Int.random(in: 1...[3, 40, 1000].randomElement(using: &random)!, using: &random)))
        rest = rest.dropFirst(piece.count)
        var expected: [EventStreamParser.Element] = []
        var time: Duration?
        var endsWithTime = false
        try one.parse(piece) { element in
          switch element {
          case .reconnectionTime(let said): (time, endsWithTime) = (said, true)
          case .event: endsWithTime = false
          case .comment: break
          }
          if case .reconnectionTime = element { return }
          expected.append(element)
        }
        var parsed = ParsedElements(piece, capacity: 0)
        try other.parse(piece, into: &parsed)
        guard try isSame(parsed, expected, time), parsed.endsWithReconnectionTime == endsWithTime,
          one.lastEventID == other.lastEventID
        else {
          Issue.record("seed \(seed): \(piece) gives \(parsed), not \(expected)")
          return
        }
      }
    }
  }

  private func isSame(
    _ parsed: ParsedElements, _ expected: [EventStreamParser.Element], _ time: Duration?
  ) throws -> Bool {
    guard parsed.count == expected.count, parsed.reconnectionTime == time else { return false }
    var lastEventID: String?
    var hasEvent = false
    for (index, element) in expected.enumerated() {
      guard parsed.lastEventID(before: index) == lastEventID else { return false }
      switch element {
      case .event(let event):
        guard parsed.event(at: index) == event, parsed.event(at: index)?.id == event.id,
          parsed.comment(at: index) == nil, parsed.mayHave(event.type)
        else { return false }
        lastEventID = event.lastEventID
        hasEvent = true
      case .comment(let text):
        guard parsed.event(at: index) == nil, parsed.comment(at: index) == text else { return false }
      case .reconnectionTime: return false
      }
    }
    return parsed.hasEvent == hasEvent && parsed.lastEventID(before: expected.count) == lastEventID
      && !parsed.mayHave("a type that no event has")
  }

  @Test func whatCameBeforeALimitIsKept() throws {
    var parser = EventStreamParser(limits: EventStreamParser.Limits(maximumLineBytes: 20, maximumEventBytes: 20))
    let piece = Array("data: 1\nid: 1\n\ndata: 2\n\ndata: \(String(repeating: "x", count: 30))\n\n".utf8)
    var parsed = ParsedElements(piece, capacity: 3)
    #expect(throws: EventStreamParserError.self) { try parser.parse(piece, into: &parsed) }
    #expect((0..<parsed.count).map { parsed.event(at: $0)?.data } == ["1", "2"])
    #expect(throws: EventStreamParserError.self) { try parser.parse(Array("\n".utf8), into: &parsed) }
  }
}
