import Synchronization

/// The readers of one channel in one lane.
///
/// Publishers use `isMarked`: it is set from when the lane is notified of new events until it reads them. Evictions use
/// ``offeredEnd``. Everything else belongs to the lane's thread. That confinement makes the class `Sendable`.
final class LaneAudience: @unchecked Sendable {
  let channel: EventChannel
  let mailbox: LaneMailbox
  /// The channel's rules, as last read by the lane.
  var rules: ChannelRules
  private let isMarked = Atomic(false)
  private let offered: Atomic<UInt64>
  /// For statistics: the number of readers that are not live, and how many of these replay.
  private let waitingCount = Atomic(0)
  private let replayingCount = Atomic(0)

  /// Groups of streams that have everything up to ``position`` and are offered new events together, one group for each
  /// set of channels.
  private(set) var cohorts: [Cohort] = []
  /// The other readers that are caught up, and those with something to receive.
  private(set) var idle: [Subscription] = []
  private(set) var waiting: [Subscription] = []
  /// The end of what has been offered, in bytes and in blocks.
  private(set) var position: UInt64
  private(set) var ordinal: UInt64
  /// The broadcast in progress, if any.
  var pass: BroadcastPass?
  /// Whether a broadcast is in the lane's queue.
  var isQueued = false
  /// The time of the last write to a cohort.
  var lastOffer: Int64 = 0
  /// The offered position at the last check for readers that are too far behind.
  var lastLook: UInt64
  /// The shared blocks for readers that accept gzip. `nil` until there was one.
  var compression: SharedCompression?
  /// Publishers that wait until everything up to a position has been offered.
  var acknowledgements: [(position: UInt64, OfferAcknowledgement)] = []

  init(channel: EventChannel, mailbox: LaneMailbox, _ state: EventChannel.State) {
    let log = state.log
    self.channel = channel
    self.mailbox = mailbox
    rules = state.rules
    position = log.end
    ordinal = log.endOrdinal
    lastLook = log.end
    offered = Atomic(log.end)
  }

  /// Notifies the lane, unless it was notified and has not read the log since. Called on a publisher's thread after the
  /// event is in the log.
  func mark() {
    if !isMarked.exchange(true, ordering: .acquiringAndReleasing) { mailbox.post(.published(self)) }
  }

  /// Clears the mark. Called by the lane before it reads the log, so that any later event marks again.
  func unmark() {
    isMarked.store(false, ordering: .sequentiallyConsistent)
  }

  /// The position up to which the lane has offered the log. Safe to read from any thread.
  var offeredEnd: UInt64 { offered.load(ordering: .acquiring) }

  func moveOn(to position: UInt64, ordinal: UInt64) {
    self.position = position
    self.ordinal = ordinal
    offered.store(position, ordering: .releasing)
  }

  /// The number of readers that are not live, and how many of these replay from a history. Safe to read from any
  /// thread.
  var readersNotLive: (waiting: Int, replaying: Int) {
    (waitingCount.load(ordering: .relaxed), replayingCount.load(ordering: .relaxed))
  }

  /// Adjusts the count of replays when one begins or ends.
  func countReplay(_ change: Int) {
    replayingCount.store(replayingCount.load(ordering: .relaxed) + change, ordering: .relaxed)
  }

  var isEmpty: Bool { cohorts.allSatisfy { $0.members.isEmpty } && idle.isEmpty && waiting.isEmpty }

  /// Returns the cohort for streams with the same channels and form as `session`, creating it if there is none.
  func cohort(for session: EventStreamSession, _ form: Cohort.Form) -> Cohort {
    if let known = cohorts.first(where: { $0.isFor(session, form) }) { return known }
    let cohort = Cohort(for: session, form)
    for audience in cohort.audiences { audience.cohorts.append(cohort) }
    return cohort
  }

  /// Removes cohorts without members from all of their channels. Skips cohorts that are part of a broadcast in
  /// progress.
  func removeEmptyCohorts() {
    for cohort in cohorts where cohort.members.isEmpty && cohort.audiences.allSatisfy({ $0.pass == nil }) {
      for audience in cohort.audiences { audience.cohorts.removeAll { $0 === cohort } }
    }
  }

  /// Releases the cohorts of an audience that is no longer used. Cohorts and audiences refer to each other; this breaks
  /// the retain cycle.
  func releaseCohorts() {
    let released = cohorts
    cohorts = []
    for cohort in released where cohort.audiences.count > 1 {
      for audience in cohort.audiences where audience.pass == nil { audience.cohorts.removeAll { $0 === cohort } }
    }
  }

  func move(_ subscription: Subscription, to list: Subscription.List) {
    guard subscription.list != list else { return }
    remove(subscription)
    insert(subscription, into: list)
  }

  func insert(_ subscription: Subscription, into list: Subscription.List) {
    subscription.list = list
    switch list {
    case .cohort: break
    case .idle: Self.append(subscription, to: &idle)
    case .waiting:
      Self.append(subscription, to: &waiting)
      waitingCount.store(waiting.count, ordering: .relaxed)
    }
  }

  /// Removes a subscription in constant time. The last one takes the vacant place.
  func remove(_ subscription: Subscription) {
    switch subscription.list {
    case .cohort: break
    case .idle: Self.remove(subscription.listIndex, from: &idle)
    case .waiting:
      Self.remove(subscription.listIndex, from: &waiting)
      waitingCount.store(waiting.count, ordering: .relaxed)
    }
  }

  private static func append(_ subscription: Subscription, to list: inout [Subscription]) {
    subscription.listIndex = list.count
    list.append(subscription)
  }

  private static func remove(_ index: Int, from list: inout [Subscription]) {
    let last = list.removeLast()
    guard index < list.count else { return }
    list[index] = last
    last.listIndex = index
  }
}
