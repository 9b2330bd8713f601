import EventSourceFormat
import EventSourceServer

/// A realistic history: it is slow, fails occasionally, hangs, returns less than requested, and evicts its oldest
/// events even during a request. A seed determines everything.
// Sendable, because it is called only from jobs that the test runs on its one thread.
class ScheduleRepository: EventRepository, @unchecked Sendable {
  struct Failure: Error {}

  /// A call that has not returned.
  final class Call {
    let name: String
    let begun: [Duration]
    let bytes: Int
    let isReplay = true
    var isCanceled = false

    init(name: String, begun: [Duration], bytes: Int) {
      self.name = name
      self.begun = begun
      self.bytes = bytes
    }
  }

  private var events: [String: [ServerSentEvent]] = [:]
  private var givenUp: [String: Set<EventID>] = [:]
  private var hanging: [CheckedContinuation<Void, Never>] = []
  /// Calls in progress.
  private(set) var calls: [ObjectIdentifier: Call] = [:]
  /// The maximum bytes of results awaited at the same time, and the maximum number of such calls.
  private(set) var mostAwaited = (calls: 0, bytes: 0)
  /// Channels for which it has reported missing events or an unknown ID.
  private(set) var denied: Set<String> = []
  private(set) var hasFailed = false
  private var generation = 0
  var random: SeededRandom
  /// Whether it returns immediately, does not fail and keeps everything.
  var isHealthy = false
  /// Whether the application stores events before it publishes them. It then keeps the newest published one, because a
  /// history must have at least as many events as the log.
  var isAhead = false
  /// The average number of calls per call that hangs. 0 means that none hangs.
  var hangs = 0
  let ledger: ScheduleLedger
  var note: (HistoryAct) -> Void = { _ in }
  /// Returns whether the hub owes the readers of a channel positions that this history knows.
  var isPositionOwed: (String) -> Bool = { _ in true }

  init(seed: UInt64, ledger: ScheduleLedger) {
    random = SeededRandom(seed: seed &+ 77)
    self.ledger = ledger
  }

  static func token(_ event: ServerSentEvent) -> Int { Int(event.data.split(separator: " ")[1])! }

  func has(_ token: Int, in name: String) -> Bool {
    recorded.contains(Recorded(name: name, token: token))
  }

  struct Recorded: Hashable {
    let name: String
    let token: Int
  }

  /// Every event that it has ever held.
  private var recorded: Set<Recorded> = []

  func noteRecorded(_ event: ServerSentEvent, in name: String) {
    recorded.insert(Recorded(name: name, token: Self.token(event)))
  }

  func store(_ event: ServerSentEvent, in name: String) {
    noteRecorded(event, in: name)
    events[name, default: []].append(event)
  }

  /// Evicts some of the oldest published events, or all if `isEmptied`. If later events are still being recorded, the
  /// newest published event is kept.
  func giveUpSome(of name: String, isEmptied: Bool = false) {
    var published = (events[name] ?? []).prefix { event in
      ledger.place(of: Self.token(event), in: name)! < ledger.published[name] ?? 0
    }
    if isAhead || published.count < events[name]?.count ?? 0 { published = published.dropLast() }
    let count = isEmptied ? published.count : Int.random(in: 0...published.count, using: &random)
    let gone = events[name]?.prefix(count).compactMap(\.id) ?? []
    givenUp[name, default: []].formUnion(gone)
    events[name]?.removeFirst(count)
    note(isEmptied && !isAhead ? .emptied : .evicts)
    if count > 0 { denied.insert(name) }
  }

  /// Lets other jobs run, and then fails or hangs at random.
  func hesitate(_ call: Call? = nil) async throws {
    guard !isHealthy else { return }
    let turns = Int.random(in: 0...3, using: &random)
    if turns > 0 { note(.late) }
    for _ in 0..<turns { await Task.yield() }
    guard !isHealthy else { return }
    if hangs > 0, random.isOnce(in: hangs) {
      note(call == nil ? .recorderHangs : .hangs)
      let begun = generation
      await withCheckedContinuation { hanging.append($0) }
      // The program that made the request has ended.
      if generation != begun { throw Failure() }
    }
    if !isHealthy, random.isOnce(in: 12) {
      hasFailed = true
      note(call == nil ? .recorderFails : .fails)
      throw Failure()
    }
  }

  /// Makes hanging calls return.
  func release(isForGood: Bool = false) {
    if isForGood { generation += 1 }
    for continuation in hanging { continuation.resume() }
    hanging = []
  }

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    note(.asked)
    let call = Call(name: ledger.labels[request.channel]!, begun: ledger.clocks(), bytes: request.maximumBytes)
    // The reader may have left before the call was made.
    call.isCanceled = Task.isCancelled
    calls[ObjectIdentifier(call)] = call
    defer { calls[ObjectIdentifier(call)] = nil }
    let awaited = calls.values.filter { !$0.isCanceled }
    mostAwaited = (
      max(mostAwaited.calls, awaited.count), max(mostAwaited.bytes, awaited.reduce(0) { $0 + $1.bytes })
    )
    nonisolated(unsafe) let canceled = call
    return try await withTaskCancellationHandler {
      try await hesitate(call)
      let name = ledger.labels[request.channel]!
      if !isHealthy, random.isOnce(in: 10) { giveUpSome(of: name) }
      let answer = answer(request, name)
      note(answer)
      if isExcused(answer, request.lastEventID, name) { denied.insert(name) }
      try await hesitate(call)
      return answer
    } onCancel: {
      canceled.isCanceled = true
    }
  }

  /// Returns whether an answer may make the hub report a gap. A position that no event of the channel has may not,
  /// where the hub can ask for the newest event instead.
  private func isExcused(_ answer: ReplayResult, _ id: EventID?, _ name: String) -> Bool {
    switch answer {
    case .contiguous: false
    case .gap: true
    case .unknownID: !isPositionOwed(name) || ledger.hasID(id, in: name)
    }
  }

  private func note(_ answer: ReplayResult) {
    switch answer {
    case .contiguous(let events): note(events.isEmpty ? .empty : .partial)
    case .gap: note(.gap)
    case .unknownID: note(.unknownID)
    }
  }

  func answer(_ request: ReplayRequest, _ name: String) -> ReplayResult {
    let events = events[name] ?? []
    let most = isHealthy ? request.maximumEvents : Int.random(in: 1...min(request.maximumEvents, 20), using: &random)
    guard let id = request.lastEventID else { return .contiguous(Array(events.prefix(most))) }
    if let index = events.lastIndex(where: { $0.id == id }) {
      return .contiguous(Array(events[(index + 1)...].prefix(most)))
    }
    let isKnown = givenUp[name]?.contains(id) == true && Bool.random(using: &random)
    return isKnown ? .gap(Array(events.prefix(most))) : .unknownID
  }

  /// Records that the history may report missing events or an unknown ID for a channel.
  func denied(_ name: String) { denied.insert(name) }

  func hasGivenUp(_ name: String) -> Bool { givenUp[name]?.isEmpty == false }

  var newestIDs: [String: EventID] { events.compactMapValues { $0.last?.id } }
}
