import EventSourceFormat
import EventSourceServer

/// A history as histories are: slow, failing at times, answering less than it was asked for, giving up its oldest
/// events also while it is being asked. Everything in it is decided by a seed.
// Sendable, because it is called only from jobs that the test runs on its one thread.
class ScheduleRepository: EventRepository, @unchecked Sendable {
  private struct Failure: Error {}

  private var events: [String: [ServerSentEvent]] = [:]
  private var givenUp: [String: Set<String>] = [:]
  fileprivate var random: SeededRandom
  /// From now on it answers at once, does not fail and keeps everything.
  var isHealthy = false
  let ledger: ScheduleLedger

  init(seed: UInt64, ledger: ScheduleLedger) {
    random = SeededRandom(seed: seed &+ 77)
    self.ledger = ledger
  }

  func store(_ event: ServerSentEvent, in name: String) { events[name, default: []].append(event) }

  /// Gives up the oldest events, of those that have been published.
  func giveUpSome(of name: String) {
    let published = (events[name] ?? []).prefix { event in
      ledger.place(of: Int(event.data.split(separator: " ")[1])!)! < ledger.published[name] ?? 0
    }
    let count = Int.random(in: 0...published.count, using: &random)
    let gone = events[name]?.prefix(count).compactMap(\.id?.rawValue) ?? []
    givenUp[name, default: []].formUnion(gone)
    events[name]?.removeFirst(count)
  }

  /// Others do something meanwhile; then, perhaps, it fails.
  func hesitate() async throws {
    guard !isHealthy else { return }
    for _ in 0..<Int.random(in: 0...3, using: &random) { await Task.yield() }
    if Int.random(in: 0..<12, using: &random) == 0 { throw Failure() }
  }

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    try await hesitate()
    let name = request.channel.rawValue
    if !isHealthy, Int.random(in: 0..<10, using: &random) == 0 { giveUpSome(of: name) }
    let answer = answer(request, name)
    try await hesitate()
    return answer
  }

  private func answer(_ request: ReplayRequest, _ name: String) -> ReplayResult {
    let events = events[name] ?? []
    let most = Int.random(in: 1...min(request.maximumEvents, 20), using: &random)
    guard let id = request.lastEventID else { return .contiguous(Array(events.prefix(most))) }
    if let index = events.lastIndex(where: { $0.id == id }) {
      return .contiguous(Array(events[(index + 1)...].prefix(most)))
    }
    let isKnown = givenUp[name]?.contains(id.rawValue) == true && Bool.random(using: &random)
    return isKnown ? .gap(Array(events.prefix(most))) : .unknownID
  }

  /// One number of its own choice for each event.
  fileprivate func record(_ new: [ServerSentEvent], in name: String) -> [EventID] {
    new.map { event in
      let parts = event.data.split(separator: " ")
      ledger.add(Int(parts[1])!, key: String(parts[2]), to: name)
      var event = event
      event.id = event.id ?? (try! EventID("r\(ledger.count(name))"))
      store(event, in: name)
      return event.id!
    }
  }
}

/// The same, written by publishing.
// Sendable as its superclass is.
final class ScheduleRecorder: ScheduleRepository, RecordingEventRepository, @unchecked Sendable {
  func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID] {
    try await hesitate()
    let ids = record(events, in: channel.rawValue)
    // Recorded, and not yet in the channel's log.
    if !isHealthy { for _ in 0..<Int.random(in: 0...8, using: &random) { await Task.yield() } }
    return ids
  }
}

/// The state of a channel in a schedule is how many events it has.
// Sendable, because it is called only from jobs that the test runs on its one thread.
final class ScheduleSnapshots: SnapshotProvider, @unchecked Sendable {
  /// The ID of the newest event in each channel's log, and its place.
  var newest: [String: (id: EventID, place: Int)] = [:]

  func snapshot(of channel: ChannelName) async throws -> [ServerSentEvent] {
    await Task.yield()
    guard let newest = newest[channel.rawValue] else { return [] }
    await Task.yield()
    return [ServerSentEvent(data: "\(channel) \(newest.place)", type: "snapshot", id: newest.id)]
  }
}
