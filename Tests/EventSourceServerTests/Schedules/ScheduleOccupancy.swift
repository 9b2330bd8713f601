import EventSourceServer

/// Observes the occupancy of channels, and checks that the changes arrive in a possible order.
// Sendable, because it is called only from jobs that the test runs on its one thread.
final class ScheduleOccupancy: OccupancyObserver, @unchecked Sendable {
  private let ledger: ScheduleLedger
  private var readers: [ChannelName: Set<UInt64>] = [:]
  private var occupied: Set<ChannelName> = []
  private(set) var flaw: String?

  init(_ ledger: ScheduleLedger) { self.ledger = ledger }

  func occupancyChanged(_ change: OccupancyChange) async {
    switch change {
    case .occupied(let name): require(occupied.insert(name).inserted, "\(name) is occupied twice")
    case .vacated(let name):
      require(readers[name, default: []].isEmpty, "\(name) is vacated with readers")
      require(occupied.remove(name) != nil, "\(name) is vacated twice")
    case .readerJoined(let reader, let name, let count):
      require(occupied.contains(name), "a reader came to \(name), which is not occupied")
      require(readers[name, default: []].insert(reader.stream).inserted, "a reader came twice")
      require(readers[name]!.count == count, "\(name) has \(count) readers")
    case .readerLeft(let reader, let name, _, let count):
      require(readers[name, default: []].remove(reader.stream) != nil, "a reader left that never came")
      require(readers[name, default: []].count == count, "\(name) has \(count) readers")
    case .resynchronized: flaw = flaw ?? "changes were left out"
    }
  }

  private func require(_ condition: Bool, _ what: String) { if !condition { flaw = flaw ?? what } }

  /// Checks that every reader has left.
  func judgeEnd(_ schedule: Schedule) {
    if let flaw { schedule.report(.occupancy, "an observer is told that \(flaw.suffix(80))") }
    if readers.values.contains(where: { !$0.isEmpty }) {
      schedule.report(.occupancy, "an observer is not told who left")
    }
  }
}
