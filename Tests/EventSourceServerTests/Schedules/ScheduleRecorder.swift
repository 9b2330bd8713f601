import EventSourceFormat
import EventSourceServer

/// A ``ScheduleRepository`` that records events when they are published.
// Sendable, like its superclass.
class ScheduleRecorder: ScheduleRepository, RecordingEventRepository, @unchecked Sendable {
  private var appends: [String: Int] = [:]
  /// Whether it was called twice at the same time for one channel.
  private(set) var wasCalledTwice = false

  func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    let name = ledger.labels[channel]!
    appends[name, default: 0] += 1
    if appends[name]! > 1 { wasCalledTwice = true }
    defer { appends[name]! -= 1 }
    try await hesitate()
    let ids = record(events, in: name)
    note(.recorded)
    guard !isHealthy else { return ids }
    // The event is recorded, but not yet in the channel's log.
    for _ in 0..<Int.random(in: 0...8, using: &random) { await Task.yield() }
    if hangs > 0, random.isOnce(in: 2 * hangs) {
      for event in events { ledger.setOptional(Self.token(event), in: name) }
      note(.wrongIDs)
      return []
    }
    return ids
  }

  /// Records events and assigns a number to each.
  func record(_ new: [ServerSentEvent], in name: String) -> [EventID] {
    new.map { event in
      var event = event
      ledger.add(Self.token(event), to: name)
      event.id = event.id ?? (try! EventID("r\(ledger.count(name))"))
      ledger.setID(event.id!.rawValue, of: Self.token(event), in: name)
      store(event, in: name)
      return event.id!
    }
  }
}

/// A ``ScheduleRecorder`` that can report its newest event.
// Sendable, like its superclass.
final class ScheduleReporter: ScheduleRecorder, NewestEventReporting, @unchecked Sendable {
  func newestEventID(in channel: ChannelName) async throws -> EventID? {
    if !isHealthy {
      for _ in 0..<Int.random(in: 0...2, using: &random) { await Task.yield() }
      if hangs > 0, random.isOnce(in: 10) {
        note(.newestFails)
        denied(ledger.labels[channel]!)
        throw Failure()
      }
    }
    return newestIDs[ledger.labels[channel]!]
  }

  func hasEveryEvent(in channel: ChannelName) async throws -> Bool {
    if !isHealthy { await Task.yield() }
    return !hasGivenUp(ledger.labels[channel]!)
  }
}

/// The package's own in-memory history, with the delays and failures of the others.
// Sendable, like its superclass.
final class ScheduleMemory: ScheduleRecorder, NewestEventReporting, @unchecked Sendable {
  private let memory: InMemoryEventRepository

  override init(seed: UInt64, ledger: ScheduleLedger) {
    var random = SeededRandom(seed: seed &+ 78)
    memory = InMemoryEventRepository(
      maximumEvents: random.one(of: [20, 10_000, .max]), maximumBytes: random.one(of: [2_000, 16 << 20, .max]))
    super.init(seed: seed, ledger: ledger)
  }

  private func channel(_ name: String) -> ChannelName { ledger.labels.first { $0.value == name }!.key }

  override func record(_ new: [ServerSentEvent], in name: String) -> [EventID] {
    let ids = memory.append(new, to: channel(name))
    for (event, id) in zip(new, ids) {
      ledger.add(Self.token(event), to: name)
      ledger.setID(id.rawValue, of: Self.token(event), in: name)
      noteRecorded(event, in: name)
    }
    return ids
  }

  override func answer(_ request: ReplayRequest, _ name: String) -> ReplayResult {
    var request = request
    if !isHealthy { request.maximumEvents = Int.random(in: 1...min(request.maximumEvents, 20), using: &random) }
    return memory.events(for: request)
  }

  override func giveUpSome(of name: String, isEmptied: Bool = false) {
    guard isEmptied else { return }
    memory.removeAll(in: channel(name))
    note(.emptied)
    denied(name)
  }

  func newestEventID(in channel: ChannelName) async throws -> EventID? { memory.newestEventID(in: channel) }

  func hasEveryEvent(in channel: ChannelName) async throws -> Bool { await memory.hasEveryEvent(in: channel) }
}
