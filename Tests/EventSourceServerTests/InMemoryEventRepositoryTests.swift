import EventSourceFormat
import EventSourceServer
import Testing

/// Tests of the limits of the in-memory history, and of the IDs that it generates.
@Suite struct InMemoryEventRepositoryTests {
  private func ask(
    _ history: InMemoryEventRepository, after id: EventID?, events: Int = 10_000, bytes: Int = 1 << 20
  ) -> ReplayResult {
    history.events(for: ReplayRequest(channel: "a", lastEventID: id, maximumEvents: events, maximumBytes: bytes))
  }

  private func held(_ history: InMemoryEventRepository) -> [ServerSentEvent] {
    guard case .contiguous(let events) = ask(history, after: nil) else { return [] }
    return events
  }

  private func add(_ count: Int, to history: InMemoryEventRepository) -> [EventID] {
    (1...count).flatMap { history.append([ServerSentEvent(data: "\($0)")], to: "a") }
  }

  @Test func noMoreEventsAreHeldThanMay() {
    let history = InMemoryEventRepository(maximumEvents: 100)
    for number in 1...1000 {
      _ = add(1, to: history)
      #expect(held(history).count == min(number, 100))
    }
  }

  @Test func dataIDsAndTypesAreChargedAndTheNewestEventIsKept() throws {
    let history = InMemoryEventRepository(maximumBytes: 1000)
    for number in 100..<200 {
      // 3 + 50 + 47 bytes.
      let event = try ServerSentEvent(
        data: "\(number)", type: EventType(String(repeating: "t", count: 50)),
        id: EventID("\(number)" + String(repeating: "i", count: 44)))
      _ = history.append([event], to: "a")
    }
    #expect(held(history).map(\.data) == (190..<200).map(String.init))
    _ = history.append([ServerSentEvent(data: String(repeating: "x", count: 5000), id: "large")], to: "a")
    #expect(held(history).map(\.id) == ["large"])
  }

  @Test(arguments: [Int.min, -1, 0, 1, .max])
  func everyLimitIsTaken(_ limit: Int) {
    for history in [InMemoryEventRepository(maximumEvents: limit), InMemoryEventRepository(maximumBytes: limit)] {
      let ids = add(200, to: history)
      #expect(held(history).count == (limit == .max ? 200 : 1))
      #expect(held(history).last?.id == ids.last)
      #expect(ask(history, after: ids[199]) == .contiguous([]))
    }
  }

  @Test(arguments: [Int.min, -1, 0, 1, .max])
  func everyBoundOfAQuestionIsTaken(_ bound: Int) {
    let history = InMemoryEventRepository()
    let ids = add(5, to: history)
    let count = bound == .max ? 4 : 1
    for answer in [ask(history, after: ids[0], events: bound), ask(history, after: ids[0], bytes: bound)] {
      guard case .contiguous(let events) = answer else {
        Issue.record("\(answer)")
        continue
      }
      #expect(events.map(\.id) == Array(ids[1...count]))
    }
  }

  @Test func whatWasEvictedIsAGapUnlessNothingIsMissing() {
    let history = InMemoryEventRepository(maximumEvents: 3)
    let ids = add(10, to: history)
    for id in ids[..<6] { #expect(ask(history, after: id) == .gap(held(history))) }
    #expect(ask(history, after: ids[6]) == .contiguous(held(history)))
    #expect(ask(history, after: EventID(unchecked: ids[0].rawValue + "000")) == .unknownID)
  }

  @Test func ofSeveralEventsWithOneIDTheNewestCountsAlsoAfterTheOldestIsEvicted() throws {
    let history = InMemoryEventRepository(maximumEvents: 4)
    for (number, id) in ["same", "x", "same", "y", "z"].enumerated() {
      _ = try history.append([ServerSentEvent(data: "\(number)", id: EventID(id))], to: "a")
    }
    #expect(ask(history, after: "same") == .contiguous(Array(held(history).suffix(2))))
    _ = add(2, to: history)
    #expect(ask(history, after: "same") == .unknownID)
  }

  @Test func anIDThatCameAlongAndIsGoneIsNotTakenForTheOneRightBefore() {
    let history = InMemoryEventRepository(maximumEvents: 2)
    let first = add(1, to: history)[0]
    let foreign = EventID(unchecked: first.rawValue.dropLast() + "5")
    _ = history.append([ServerSentEvent(data: "2", id: foreign)], to: "a")
    let later = add(5, to: history)
    #expect(!later.contains(foreign) && Set(later).count == 5)
    // Event 5 has another ID. The event with this ID was number 2.
    #expect(ask(history, after: foreign) == .gap(held(history)))
  }

  @Test func idsAreNotMadeAgainAfterAChannelWasForgotten() {
    let history = InMemoryEventRepository()
    var made: Set<EventID> = []
    for _ in 1...20 {
      let ids = add(10, to: history)
      for id in made { #expect(ask(history, after: id) == .unknownID) }
      made.formUnion(ids)
      history.removeAll(in: "a")
      #expect(ask(history, after: ids[0]) == .unknownID && held(history).isEmpty)
    }
    #expect(made.count == 200)
  }

  @Test func idsThatDifferOnlyInSpellingAreTwo() {
    let history = InMemoryEventRepository()
    _ = history.append([ServerSentEvent(data: "1", id: "\u{E9}"), ServerSentEvent(data: "2", id: "e\u{301}")], to: "a")
    #expect(ask(history, after: "\u{E9}") == .contiguous(Array(held(history).suffix(1))))
    #expect(ask(history, after: "e\u{301}") == .contiguous([]))
  }

  @Test(arguments: ["", "*a", " a", "a ", "a\tb", "\u{7F}"] as [EventID])
  func anIDThatNoReaderCanBringBackIsNotRecorded(_ id: EventID) async {
    let history = InMemoryEventRepository()
    let events = [ServerSentEvent(data: "1"), ServerSentEvent(data: "2", id: id), ServerSentEvent(data: "3")]
    let recorder: any RecordingEventRepository = history
    await #expect(throws: EventIDFlaw.self) { try await recorder.append(events, to: "a") }
    #expect(history.append(events, to: "a") == [])
    #expect(held(history).isEmpty)
  }

  /// Looking up every ID of the history would take minutes if each lookup read every event.
  @Test(.timeLimit(.minutes(1))) func anIDIsFoundWithoutReadingTheHistory() {
    let history = InMemoryEventRepository(maximumEvents: 200_000)
    let ids = history.append((1...200_000).map { ServerSentEvent(data: "\($0)") }, to: "a")
    let found = ids.count { if case .contiguous = ask(history, after: $0, events: 1) { true } else { false } }
    #expect(found == ids.count)
  }

  @Test func itKnowsWhetherItHasEveryEventThatItEverHad() async {
    let history = InMemoryEventRepository(maximumEvents: 2)
    #expect(await history.hasEveryEvent(in: "a"))
    _ = add(2, to: history)
    #expect(await history.hasEveryEvent(in: "a"))
    _ = add(1, to: history)
    #expect(await !history.hasEveryEvent(in: "a"))
    history.removeAll(in: "b")
    #expect(await history.hasEveryEvent(in: "b"))
    _ = history.append([ServerSentEvent(data: "1")], to: "b")
    history.removeAll(in: "b")
    #expect(await !history.hasEveryEvent(in: "b"))
    #expect(await history.hasEveryEvent(in: "c"))
  }

  @Test func ofManyRemovedChannelsItKnowsNothing() async throws {
    let history = InMemoryEventRepository()
    for number in 0...10_000 {
      let channel = try ChannelName("\(number)")
      _ = history.append([ServerSentEvent(data: "1")], to: channel)
      history.removeAll(in: channel)
    }
    #expect(await !history.hasEveryEvent(in: "another"))
  }
}
