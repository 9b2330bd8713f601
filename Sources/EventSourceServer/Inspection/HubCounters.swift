import Synchronization

/// The counts of one lane since its last run.
struct LaneTally {
  var delivered = 0
  var replayed = 0
  var sentBytes = 0
  var coalesced = 0
  var gaps = 0
  var skipped = 0
  var conflated = 0
  var isEmpty: Bool {
    delivered == 0 && sentBytes == 0 && coalesced == 0 && gaps == 0 && skipped == 0 && conflated == 0
  }
}

/// The counts behind ``HubStatistics``.
final class HubCounters: Sendable {
  private let publishedEvents = Atomic(0)
  private let publishedBytes = Atomic(0)
  private let delivered = Atomic(0)
  private let replayed = Atomic(0)
  private let sentBytes = Atomic(0)
  private let coalesced = Atomic(0)
  private let gaps = Atomic(0)
  private let skipped = Atomic(0)
  private let conflated = Atomic(0)
  private let opened = Atomic(0)
  private let unoffered = Atomic(0)
  private let refills = Atomic(0)
  private let refused = Atomic(0)
  private let ended = Mutex<[DisconnectReason: Int]>([:])

  func published(bytes: Int) {
    publishedEvents.add(1, ordering: .relaxed)
    publishedBytes.add(bytes, ordering: .relaxed)
  }

  func add(_ tally: LaneTally) {
    guard !tally.isEmpty else { return }
    delivered.add(tally.delivered, ordering: .relaxed)
    replayed.add(tally.replayed, ordering: .relaxed)
    sentBytes.add(tally.sentBytes, ordering: .relaxed)
    coalesced.add(tally.coalesced, ordering: .relaxed)
    gaps.add(tally.gaps, ordering: .relaxed)
    skipped.add(tally.skipped, ordering: .relaxed)
    conflated.add(tally.conflated, ordering: .relaxed)
  }

  func refilled() { refills.add(1, ordering: .relaxed) }
  func evictedUnoffered() { unoffered.add(1, ordering: .relaxed) }
  func streamOpened() { opened.add(1, ordering: .relaxed) }
  func requestRefused() { refused.add(1, ordering: .relaxed) }
  func streamEnded(_ reason: DisconnectReason) { ended.withLock { $0[reason, default: 0] += 1 } }

  var statistics: HubStatistics {
    var statistics = HubStatistics()
    statistics.eventsPublished = publishedEvents.load(ordering: .relaxed)
    statistics.publishedBytes = publishedBytes.load(ordering: .relaxed)
    statistics.eventsDelivered = delivered.load(ordering: .relaxed)
    statistics.eventsReplayed = replayed.load(ordering: .relaxed)
    statistics.sentBytes = sentBytes.load(ordering: .relaxed)
    statistics.eventsCoalesced = coalesced.load(ordering: .relaxed)
    statistics.gaps = gaps.load(ordering: .relaxed)
    statistics.eventsSkipped = skipped.load(ordering: .relaxed)
    statistics.eventsConflated = conflated.load(ordering: .relaxed)
    statistics.evictedUnoffered = unoffered.load(ordering: .relaxed)
    statistics.streamsOpened = opened.load(ordering: .relaxed)
    statistics.refills = refills.load(ordering: .relaxed)
    statistics.requestsRejected = refused.load(ordering: .relaxed)
    statistics.streamsEnded = ended.withLock { $0 }
    return statistics
  }
}
