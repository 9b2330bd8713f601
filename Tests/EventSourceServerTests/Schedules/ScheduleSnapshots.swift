import EventSourceFormat
import EventSourceServer

/// A provider of snapshots. The state of a channel is the number of its events.
// Sendable, because it is called only from jobs that the test runs on its one thread.
final class ScheduleSnapshots: SnapshotProvider, @unchecked Sendable {
  private struct Failure: Error {}

  /// The events in each channel's log of this life, by their IDs and places.
  var published: [String: [(id: EventID, place: Int)]] = [:]
  var random: SeededRandom
  var isHealthy = false
  private(set) var hasFailed = false
  let ledger: ScheduleLedger
  var note: (HistoryAct) -> Void = { _ in }

  init(seed: UInt64, ledger: ScheduleLedger) {
    random = SeededRandom(seed: seed &+ 79)
    self.ledger = ledger
  }

  func snapshot(of channel: ChannelName) async throws -> [ServerSentEvent] {
    let name = ledger.labels[channel]!
    for _ in 0..<Int.random(in: 0...2, using: &random) { await Task.yield() }
    if !isHealthy, random.isOnce(in: 20) {
      hasFailed = true
      note(.snapshotFails)
      throw Failure()
    }
    guard let newest = published[name]?.last else {
      note(.snapshotEmpty)
      return []
    }
    // A snapshot without an ID must contain everything in the log. Publishers are notified of that later.
    if random.isOnce(in: 4), newest.place + 1 == ledger.count(name) {
      note(.snapshotWithoutID)
      return [ServerSentEvent(data: "- \(newest.place) of \(index(name))", type: "snapshot-without")]
    }
    var covered = newest
    if random.isOnce(in: 3) {
      covered = random.one(of: published[name]!)
      note(.snapshotStale)
    }
    await Task.yield()
    note(.snapshot)
    let part = ServerSentEvent(data: "- \(covered.place) of \(index(name))", type: "snapshot-part")
    let last = ServerSentEvent(data: "- \(covered.place) of \(index(name))", type: "snapshot", id: covered.id)
    return random.isOnce(in: 2) ? [part, last] : [last]
  }

  var index: (String) -> Int = { _ in 0 }
}
