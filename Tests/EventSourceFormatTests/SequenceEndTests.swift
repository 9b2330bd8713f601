import EventSourceFormat
import Testing

/// Tests the ends of a decoded sequence: cleanly, in the middle of an event, by silence, or by cancellation.
@Suite struct SequenceEndTests {
  private func chunks(_ chunks: [String]) -> AsyncStream<[UInt8]> {
    AsyncStream { continuation in
      for chunk in chunks { continuation.yield(Array(chunk.utf8)) }
      continuation.finish()
    }
  }

  @Test(arguments: ["data: a\n\ndata: b", "data: a\n\ndata: b\n", "data: a\n\nid: 2\n", "data: a\n\nda"])
  func anEndInTheMiddleOfAnEventIsAnErrorUnlessItIsDiscarded(stream: String) async throws {
    var data: [String] = []
    await #expect(throws: EventStreamReadError.truncated) {
      for try await event in chunks([stream]).serverSentEvents() { data.append(event.data) }
    }
    for try await event in chunks([stream]).serverSentEvents(unfinishedEvent: .isDiscarded) { data.append(event.data) }
    #expect(data == ["a", "a"])
    var elements = chunks([stream]).eventStreamElements().makeAsyncIterator()
    #expect(try await elements.next() != nil)
    await #expect(throws: EventStreamReadError.truncated) { try await elements.next() }
    #expect(try await elements.next() == nil)
  }

  @Test(arguments: ["", "data: a\n\n", "data: a\n\n: comment", "data: a\n\nretry: 1\n"])
  func anEndBetweenEventsIsClean(stream: String) async throws {
    for try await _ in chunks([stream]).serverSentEvents() {}
  }

  /// Counts the requests for a chunk, returns the available ones, and then waits until it is cancelled.
  private struct Silent: AsyncSequence, Sendable {
    let chunks: [String]
    let hasEnded: AsyncStream<Void>.Continuation

    struct AsyncIterator: AsyncIteratorProtocol {
      var rest: ArraySlice<String>
      let hasEnded: AsyncStream<Void>.Continuation

      mutating func next() async throws -> [UInt8]? {
        if let chunk = rest.popFirst() { return Array(chunk.utf8) }
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        for await _ in stream {}
        continuation.finish()
        hasEnded.yield()
        throw CancellationError()
      }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rest: chunks[...], hasEnded: hasEnded) }
  }

  @Test func silenceIsAnErrorAndEndsTheReadingOfTheChunks() async throws {
    let (ended, hasEnded) = AsyncStream<Void>.makeStream()
    let stream = Silent(chunks: ["data: a\n\nda", "ta: b\n\n"], hasEnded: hasEnded)
    var data: [String] = []
    let limit = Duration.milliseconds(50)
    await #expect(throws: EventStreamReadError.timedOut(after: limit)) {
      for try await event in stream.withReadTimeout(limit).serverSentEvents() { data.append(event.data) }
    }
    #expect(data == ["a", "b"])
    for await _ in ended { break }
  }

  @Test func aTimeThatIsNotUsedUpChangesNothing() async throws {
    struct Broken: Error {}
    let broken = AsyncThrowingStream<[UInt8], any Error> { continuation in
      for text in ["data: a\n\n", "data: b\n\n"] { continuation.yield(Array(text.utf8)) }
      continuation.finish(throwing: Broken())
    }
    var data: [String] = []
    await #expect(throws: Broken.self) {
      for try await event in broken.withReadTimeout(.seconds(Int64.max)).serverSentEvents() { data.append(event.data) }
    }
    for try await event in chunks(["data: c\n\n"]).withReadTimeout(.seconds(60)).serverSentEvents() {
      data.append(event.data)
    }
    #expect(data == ["a", "b", "c"])
  }

  @Test func cancellationAndLeavingEndTheReadingOfTheChunks() async throws {
    let (ended, hasEnded) = AsyncStream<Void>.makeStream()
    let stream = Silent(chunks: ["data: a\n\n"], hasEnded: hasEnded)
    let (seen, sawEvent) = AsyncStream<Void>.makeStream()
    let reading = Task {
      for try await _ in stream.withReadTimeout(.seconds(60)).serverSentEvents() { sawEvent.yield() }
    }
    for await _ in seen { break }
    reading.cancel()
    await #expect(throws: CancellationError.self) { try await reading.value }
    for await _ in ended { break }
    for try await _ in stream.withReadTimeout(.seconds(60)).serverSentEvents() { break }
  }

  @Test func chunksAreReadWhenTheyAreAskedForAndNotBefore() async throws {
    let (asked, wasAsked) = AsyncStream<Int>.makeStream()
    let numbers = AsyncStream<Int> { continuation in
      for number in 1...3 { continuation.yield(number) }
      continuation.finish()
    }
    let stream = numbers.map { number in
      wasAsked.yield(number)
      return Array("data: \(number)\n\n".utf8)
    }
    var iterator = stream.withReadTimeout(.seconds(60)).makeAsyncIterator()
    _ = try await iterator.next()
    _ = try await iterator.next()
    wasAsked.finish()
    var count = 0
    for await _ in asked { count += 1 }
    #expect(count == 2)
  }
}
