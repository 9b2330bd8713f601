import EventSourceFormat
import Testing

@Suite struct SequenceTests {
  private func chunks(_ chunks: [String], throwing error: (any Error)? = nil) -> AsyncThrowingStream<[UInt8], any Error>
  {
    AsyncThrowingStream { continuation in
      for chunk in chunks { continuation.yield(Array(chunk.utf8)) }
      continuation.finish(throwing: error)
    }
  }

  @Test func eventsComeFromChunks() async throws {
    var events: [ReceivedEvent] = []
    for try await event in chunks(["id: 1\nda", "ta: a\n\ndata: b\n", "\n"]).serverSentEvents() {
      events.append(event)
    }
    #expect(events == [ReceivedEvent(data: "a", lastEventID: "1"), ReceivedEvent(data: "b", lastEventID: "1")])
  }

  @Test func eventsComeFromSingleBytesAsSoonAsTheirsAreThere() async throws {
    let (bytes, continuation) = AsyncStream<UInt8>.makeStream()
    var events = bytes.chunkedByLines.serverSentEvents().makeAsyncIterator()
    for text in ["data: a\n\n", "data: b\r\r", "data: \(String(repeating: "x", count: 10_000))\n\n"] {
      for byte in text.utf8 { continuation.yield(byte) }
      // No further chunk follows yet.
      let event = try await events.next()
      #expect(event?.data == text.dropFirst(6).filter { !$0.isNewline })
    }
    continuation.finish()
    #expect(try await events.next() == nil)
  }

  @Test func elementsHaveCommentsIfAskedFor() async throws {
    var elements: [EventStreamParser.Element] = []
    let stream = chunks([":a\nretry: 7\n", "data: x\n\n"]).eventStreamElements(lastEventID: "0", reportsComments: true)
    for try await element in stream { elements.append(element) }
    let event = ReceivedEvent(data: "x", lastEventID: "0")
    #expect(elements == [.comment("a"), .reconnectionTime(.milliseconds(7)), .event(event)])
  }

  @Test func chunksNeedNotBeArrays() async throws {
    let stream = AsyncStream<Substring.UTF8View> { continuation in
      continuation.yield("data: a\n\n".dropLast(0).utf8)
      continuation.finish()
    }
    var data: [String] = []
    for try await event in stream.serverSentEvents() { data.append(event.data) }
    #expect(data == ["a"])
  }

  @Test func errorsComeAfterWhatWasCompleteBeforeThem() async throws {
    struct Broken: Error {}
    var data: [String] = []
    await #expect(throws: Broken.self) {
      for try await event in chunks(["data: a\n\ndata: b"], throwing: Broken()).serverSentEvents() {
        data.append(event.data)
      }
    }
    let limits = EventStreamParser.Limits(maximumLineBytes: 8)
    await #expect(throws: EventStreamParserError.lineTooLong(bytes: 9, limit: 8)) {
      for try await event in chunks(["data: c\n\ndata: ddd\n\n"]).serverSentEvents(limits: limits) {
        data.append(event.data)
      }
    }
    #expect(data == ["a", "c"])
  }

  @Test func cancellationEndsTheReading() async throws {
    let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
    continuation.yield(Array("data: a\n\n".utf8))
    let (seen, sawEvent) = AsyncStream<Void>.makeStream()
    let reading = Task {
      var count = 0
      for try await _ in stream.serverSentEvents() {
        count += 1
        sawEvent.yield()
      }
      return count
    }
    for await _ in seen { break }
    reading.cancel()
    #expect(try await reading.value == 1)
  }
}
