import EventSourceFormat
import EventSourceServer
import Synchronization

/// A repository with one flaw, which the contract must detect.
final class FlawedRepository: RecordingEventRepository {
  enum Flaw: String, CaseIterable, Sendable {
    case answersTheEventItself, leavesOneOut, answersOneTwice, answersNewestFirst, ignoresTheEventLimit
    case ignoresTheByteLimit, answersNothingIfOneEventIsTooLarge, hidesAGap, takesUnknownForKnown
    case takesIDsForNumbers, failsOnAnUnknownID, mixesChannels, forgetsTheType, forgetsTheReconnectionTime
    case trimsData, replacesOwnIDs, givesAnIDTwice, answersTooFewIDs, addsInPartWhenCanceled, findsTheOldest
    case tellsAGapWhereThereIsNone, reordersABatch, changesAccents, countsAgainAfterGivingUp
    case countsAgainAfterRemoval, hidesARemoval, removesOtherChannelsToo
    case comparesCharacters, forgetsARepeatedIDWithItsOldestEvent, cutsLongIDs
    case acceptsFlawedIDs, refusesFlawedIDsByAnotherError, recordsWhatIsBeforeAFlawedID
    case hangsWhenAsked, hangsWhenAddedTo, hangsWhenCanceled
  }

  private let flaw: Flaw
  private let limit: Int
  private let sound: InMemoryEventRepository
  private let added = Mutex<[ServerSentEvent]>([])
  private let removed = Mutex<[EventID]>([])
  private let stuck = Mutex<[CheckedContinuation<Void, Never>]>([])

  init(_ flaw: Flaw, holding limit: Int?) {
    self.flaw = flaw
    self.limit = limit ?? 10_000
    sound = InMemoryEventRepository(maximumEvents: self.limit, maximumBytes: 64 << 20)
  }

  /// Makes hanging calls return, so that none outlives the test.
  func release() { for continuation in stuck.withLock({ $0 }) { continuation.resume() } }

  func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    if flaw == .hangsWhenAddedTo, added.withLock({ !$0.isEmpty }) { await forever() }
    for (index, event) in events.enumerated() {
      do {
        try event.id?.checkReturnable()
      } catch {
        switch flaw {
        case .acceptsFlawedIDs: return events.map { $0.id ?? "given" }
        case .refusesFlawedIDsByAnotherError: throw CancellationError()
        case .recordsWhatIsBeforeAFlawedID: _ = sound.append(events[..<index], to: channel)
        default: break
        }
        throw error
      }
    }
    let earlier = added.withLock {
      $0.append(contentsOf: events); return $0.count - events.count
    }
    var events = events
    switch flaw {
    case .forgetsTheType: events = events.map { with($0) { $0.type = nil } }
    case .forgetsTheReconnectionTime: events = events.map { with($0) { $0.reconnectionTime = nil } }
    case .trimsData:
      events = events.map { with($0) { $0.data = String($0.data.trimmingPrefix(while: \.isWhitespace)) } }
    case .changesAccents: events = events.map { with($0) { $0.data = $0.data.replacing("e\u{301}", with: "\u{E9}") } }
    case .replacesOwnIDs: events = events.map { with($0) { $0.id = nil } }
    case .reordersABatch: events.reverse()
    case .givesAnIDTwice:
      events = events.enumerated().map { index, event in
        with(event) { $0.id = $0.id ?? id(earlier + index == 200 ? 199 : earlier + index) }
      }
    case .countsAgainAfterGivingUp:
      events = events.enumerated().map { index, event in
        with(event) { $0.id = $0.id ?? id((earlier + index) % (limit * 4)) }
      }
    case .countsAgainAfterRemoval:
      events = events.enumerated().map { index, event in
        with(event) { $0.id = $0.id ?? id(earlier + index) }
      }
    case .comparesCharacters: events = events.map { with($0) { $0.id = $0.id.map(composed) } }
    case .cutsLongIDs: events = events.map { with($0) { $0.id = $0.id.map(cut) } }
    case .addsInPartWhenCanceled:
      if Task.isCancelled, events.count > 1 {
        _ = sound.append([events[0]], to: channel)
        throw CancellationError()
      }
    default: break
    }
    let ids = sound.append(events, to: flaw == .mixesChannels ? "one" : channel)
    return flaw == .answersTooFewIDs ? Array(ids.dropLast()) : ids
  }

  func removeAll(in channel: ChannelName) {
    removed.withLock { $0 += added.withLock { $0 }.compactMap(\.id) }
    added.withLock { $0 = [] }
    sound.removeAll(in: channel)
    if flaw == .removesOtherChannelsToo { sound.removeAll(in: "other") }
  }

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    var request = request
    switch flaw {
    case .hangsWhenAsked: await forever()
    case .hangsWhenCanceled: if Task.isCancelled { await forever() }
    case .comparesCharacters: request.lastEventID = request.lastEventID.map(composed)
    case .cutsLongIDs: request.lastEventID = request.lastEventID.map(cut)
    case .ignoresTheEventLimit: request.maximumEvents = .max
    case .ignoresTheByteLimit: request.maximumBytes = .max
    case .mixesChannels: request.channel = "one"
    default: break
    }
    let answer = sound.events(for: request)
    switch (flaw, answer) {
    case (.answersTheEventItself, .contiguous(let events)):
      guard let id = request.lastEventID else { return answer }
      return .contiguous([ServerSentEvent(data: "itself", id: id)] + events)
    case (.leavesOneOut, .contiguous(let events)): return .contiguous(Array(events.dropFirst()))
    case (.answersOneTwice, .contiguous(let events)): return .contiguous(events.prefix(1) + events)
    case (.answersNewestFirst, .contiguous(let events)): return .contiguous(events.reversed())
    case (.answersNothingIfOneEventIsTooLarge, .contiguous(let events)):
      let isTooLarge = events.first.map { $0.data.utf8.count > request.maximumBytes } ?? false
      return isTooLarge ? .contiguous([]) : answer
    case (.hidesAGap, .gap(let events)): return .contiguous(events)
    case (.takesUnknownForKnown, .unknownID): return .contiguous([])
    case (.takesIDsForNumbers, .unknownID):
      let number = Int(request.lastEventID?.rawValue ?? "")
      return number.map { $0 < 5 } == true ? .gap([]) : answer
    case (.failsOnAnUnknownID, .unknownID): throw CancellationError()
    case (.findsTheOldest, .contiguous):
      let all = ReplayRequest(channel: request.channel, lastEventID: nil, maximumEvents: .max, maximumBytes: .max)
      guard case .contiguous(let held) = sound.events(for: all), let id = request.lastEventID,
        let first = held.firstIndex(where: { $0.id == id }), held[(first + 1)...].contains(where: { $0.id == id })
      else { return answer }
      return .contiguous(Array(held[(first + 1)...]))
    case (.forgetsARepeatedIDWithItsOldestEvent, .contiguous):
      let isGone = added.withLock { $0.dropLast(limit).contains { $0.id != nil && $0.id == request.lastEventID } }
      return isGone ? .unknownID : answer
    case (.hidesARemoval, .unknownID):
      return removed.withLock { $0.contains { $0 == request.lastEventID } } ? .contiguous([]) : answer
    case (.tellsAGapWhereThereIsNone, .contiguous(let events)):
      return request.lastEventID == nil || events.isEmpty ? answer : .gap(events)
    default: return answer
    }
  }

  private func id(_ number: Int) -> EventID { try! EventID("flawed-\(number)") }

  private func composed(_ id: EventID) -> EventID {
    try! EventID(id.rawValue.replacing("e\u{301}", with: "\u{E9}"))
  }

  private func cut(_ id: EventID) -> EventID { try! EventID(String(id.rawValue.prefix(500))) }

  /// Does not return before the test releases it, and ignores cancellation.
  private func forever() async {
    await withCheckedContinuation { continuation in stuck.withLock { $0.append(continuation) } }
  }

  private func with(_ event: ServerSentEvent, _ change: (inout ServerSentEvent) -> Void) -> ServerSentEvent {
    var event = event
    change(&event)
    return event
  }
}
