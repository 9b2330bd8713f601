import EventSourceFormat
import Testing

@Suite struct ParserTests {
  private func events(_ parser: inout EventStreamParser, _ text: String) throws -> [String] {
    var data: [String] = []
    try parser.parse(Array(text.utf8)) { if case .event(let event) = $0 { data.append(event.data) } }
    return data
  }

  @Test func aLoneCRDispatchesWithoutWaiting() throws {
    var parser = EventStreamParser()
    #expect(try events(&parser, "data: a\r\r") == ["a"])
    #expect(try events(&parser, "\ndata: b\r\n\r") == ["b"])
    #expect(try events(&parser, "\n\n") == [])
  }

  @Test func commentsCostNothingUnlessAskedFor() throws {
    var silent = EventStreamParser()
    var all = EventStreamParser(reportsComments: true)
    var comments: [EventStreamParser.Element] = []
    try silent.parse(Array(": a\n".utf8)) { comments.append($0) }
    #expect(comments.isEmpty)
    try all.parse(Array(": a\n".utf8)) { comments.append($0) }
    #expect(comments == [.comment(" a")])
  }

  @Test func anotherStreamBeginsAfresh() throws {
    var parser = EventStreamParser()
    #expect(try events(&parser, "id: 1\nretry: 5\ndata: a\n\nid: 2\nevent: x\ndata: cut o") == ["a"])
    parser.reset()
    #expect(parser.lastEventID == "1")
    #expect(parser.reconnectionTime == .milliseconds(5))
    var received: [EventStreamParser.Element] = []
    try parser.parse(Array("\u{FEFF}data: b\n\n".utf8)) { received.append($0) }
    #expect(received == [.event(ReceivedEvent(data: "b", lastEventID: "1"))])
  }

  @Test func anUnfinishedBlockIsForgottenAtTheEnd() throws {
    var parser = EventStreamParser(lastEventID: "0")
    #expect(try events(&parser, "id: 1\ndata: a\n") == [])
    parser.finish()
    #expect(parser.lastEventID == "0")
    #expect(try events(&parser, "\n") == [])
  }

  @Test func aHandlerThatThrowsEndsTheParsing() throws {
    struct Enough: Error {}
    for text in ["data: a\n:comment\ndata: b\n\n", "data: a\nretry: 5\ndata: b\n\n", "id: 1\ndata: a\n\ndata: b\n\n"] {
      for chunkSize in [1, 3, text.utf8.count] {
        var parser = EventStreamParser(reportsComments: true)
        let parse = {
          // Each chunk has its own memory, which is freed after the call.
          for start in stride(from: 0, to: text.utf8.count, by: chunkSize) {
            try parser.parse(Array(text.utf8.dropFirst(start).prefix(chunkSize))) { _ in throw Enough() }
          }
        }
        #expect(throws: Enough.self, performing: parse)
        #expect(throws: Enough.self) { try parser.parse(Array("\n\n".utf8)) { _ in } }
        parser.reset()
        var elements: [EventStreamParser.Element] = []
        try parser.parse(Array("\ndata: c\n\n".utf8)) { elements.append($0) }
        #expect(elements == [.event(ReceivedEvent(data: "c", lastEventID: parser.lastEventID))])
      }
    }
  }

  @Test func eventsAreComparedByTheirBytes() {
    #expect(ReceivedEvent(data: "\u{E9}") != ReceivedEvent(data: "e\u{301}"))
    #expect(ServerSentEvent(data: "\u{E9}") != ServerSentEvent(data: "e\u{301}"))
    #expect(Set([ReceivedEvent(data: "a"), ReceivedEvent(data: "a"), ReceivedEvent(type: "a", data: "")]).count == 2)
  }

  @Test func aByteOrderMarkIsSkippedOnceHoweverItIsCut() throws {
    let bytes: [UInt8] = [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF] + Array("data: a\n\ndata: b\n\n".utf8)
    for first in 0...4 {
      for second in first...5 {
        var parser = EventStreamParser()
        var data: [String] = []
        for chunk in [bytes[..<first], bytes[first..<second], bytes[second...]] {
          try parser.parse(Array(chunk)) { if case .event(let event) = $0 { data.append(event.data) } }
        }
        // The second mark belongs to the first line and makes its field unknown.
        #expect(data == ["b"])
      }
    }
  }

  // MARK: limits

  private let limits = EventStreamParser.Limits(maximumLineBytes: 20, maximumEventBytes: 30)

  @Test(arguments: [1, 3, 1000], ["data: ", "data:", "data", "id: ", "event: ", ":", "retry:", "x"])
  func aLineHasItsLimit(chunk: Int, prefix: String) throws {
    for (length, isTaken) in [(20, true), (21, false)] {
      var parser = EventStreamParser(limits: limits)
      let line = prefix + String(repeating: "1", count: length - prefix.utf8.count)
      let bytes = Array((line + "\n\n: so that the line\n: is not the last\n").utf8)
      let parse = {
        for start in stride(from: 0, to: bytes.count, by: chunk) {
          try parser.parse(Array(bytes[start..<min(start + chunk, bytes.count)])) { _ in }
        }
      }
      if isTaken {
        try parse()
      } else {
        #expect(throws: EventStreamParserError.lineTooLong(bytes: 21, limit: 20), performing: parse)
      }
    }
  }

  @Test(arguments: [1, 3, 1000])
  func anEventHasItsLimit(chunk: Int) throws {
    for (last, isTaken) in [("xxxxxxxx", true), ("xxxxxxxxx", false)] {
      var parser = EventStreamParser(limits: limits)
      let bytes = Array("data: xxxxxxxxxx\ndata: xxxxxxxxxx\ndata: \(last)\n\n".utf8)
      let parse = {
        for start in stride(from: 0, to: bytes.count, by: chunk) {
          try parser.parse(Array(bytes[start..<min(start + chunk, bytes.count)])) { _ in }
        }
      }
      if isTaken {
        try parse()
      } else {
        #expect(throws: EventStreamParserError.eventTooLarge(bytes: 31, limit: 30), performing: parse)
      }
    }
  }

  @Test func nothingGetsThroughLimitsThatAllowNothing() {
    for limits in [
      EventStreamParser.Limits(maximumLineBytes: 0), .init(maximumLineBytes: .min), .init(maximumEventBytes: .min),
    ] {
      var parser = EventStreamParser(limits: limits)
      #expect(throws: EventStreamParserError.self) {
        try parser.parse(Array("data: a\n\ndata: some more\n\n\n\n".utf8)) { _ in }
      }
    }
  }

  @Test func afterALimitNothingIsTakenUntilAnotherStreamBegins() throws {
    var parser = EventStreamParser(limits: limits)
    let long = String(repeating: "x", count: 21)
    #expect(throws: EventStreamParserError.self) { try events(&parser, long) }
    #expect(throws: EventStreamParserError.lineTooLong(bytes: 21, limit: 20)) { try events(&parser, "\n\ndata: a\n\n") }
    parser.reset()
    #expect(try events(&parser, "data: a\n\n") == ["a"])
  }

  @Test func aLargeEventInSmallChunksAndManyShortLinesAreLinear() throws {
    let limits = EventStreamParser.Limits(maximumLineBytes: 1 << 30, maximumEventBytes: 1 << 30)
    var parser = EventStreamParser(limits: limits)
    var sizes: [Int] = []
    let receive: (EventStreamParser.Element) -> Void = {
      if case .event(let event) = $0 { sizes.append(event.data.utf8.count) }
    }
    let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1024)
    try parser.parse(Array("data:".utf8), onElement: receive)
    for _ in 0..<100_000 { try parser.parse(chunk, onElement: receive) }
    try parser.parse([10, 10], onElement: receive)
    // One piece in which every line ends with a CR, and one in which only the last byte ends a line.
    try parser.parse(Array(repeatElement(Array("data:y\r".utf8), count: 200_000).joined()) + [13], onElement: receive)
    #expect(sizes == [102_400_000, 399_999])
  }

  @Test(arguments: [1, 1000], [": still there\n", "data: b\n\n", "data: cut o"])
  func aLargeEventsMemoryIsUsedAgainAndGivenBack(lines: Int, next: String) throws {
    let text = "data: \(String(repeating: "x", count: 5_000_000 / lines))\n"
    let stream = Array((String(repeating: text, count: lines) + "\n").utf8)
    var parser = EventStreamParser()
    func parseInPieces() throws {
      for start in stride(from: 0, to: stream.count, by: 16 << 10) {
        try parser.parse(Array(stream[start..<min(start + 16 << 10, stream.count)])) { element in
          guard case .event(let event) = element else { return }
          #expect(event.data.utf8.count == 5_000_000 / lines * lines + lines - 1)
        }
      }
    }
    try parseInPieces()
    let held = parser.retainedBytes
    #expect((5_000_000...12_000_000).contains(held))
    try parseInPieces()
    #expect(parser.retainedBytes == held)
    // A buffered line must end before the buffer is known to be larger than necessary.
    for _ in 0..<3 { try parser.parse(Array(next.utf8)) { _ in } }
    try parser.parse(Array("\n\n".utf8)) { _ in }
    #expect(parser.retainedBytes <= 2 << 20)
  }
}
