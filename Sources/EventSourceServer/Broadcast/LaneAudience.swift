import Synchronization

/// The readers of one channel in one lane.
///
/// `isMarked` is the publishers' side: set when the lane has been told that there is something new and has not yet
/// looked. ``offeredEnd`` is what the lane tells those who evict. Everything else belongs to the lane's thread; that
/// confinement is what makes the class `Sendable`.
final class LaneAudience: @unchecked Sendable {
  let channel: EventChannel
  let mailbox: LaneMailbox
  /// The channel's rules, as of the lane's last look.
  var rules: ChannelRules
  private let isMarked = Atomic(false)
  private let offered: Atomic<UInt64>
  /// For statistics: how many have something coming, and how many of these replay.
  private let waitingCount = Atomic(0)
  private let replayingCount = Atomic(0)

  /// Streams that have everything up to ``position`` and are given what is new together, by the channels that they
  /// have. The first is that of the streams of this channel alone, if there are any.
  private(set) var cohorts: [Cohort] = []
  /// The others that have everything, and those that have something coming.
  private(set) var idle: [Subscription] = []
  private(set) var waiting: [Subscription] = []
  /// Up to where the log has been offered, in bytes and in blocks.
  private(set) var position: UInt64
  private(set) var ordinal: UInt64
  /// A broadcast that is under way.
  var pass: BroadcastPass?
  /// A broadcast is in the lane's queue.
  var isQueued = false
  /// When a cohort was written to last.
  var lastOffer: Int64 = 0
  /// The end of the log at the last look for readers that are too far behind.
  var lastLook: UInt64
  /// Publishers that await that everything up to a position has been offered.
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

  /// A publisher's thread: tells the lane, unless it was told and has not looked yet. Called after the event is in the
  /// log.
  func mark() {
    if !isMarked.exchange(true, ordering: .acquiringAndReleasing) { mailbox.post(.published(self)) }
  }

  /// The lane: about to look. An event that is published from now on marks anew.
  func unmark() {
    isMarked.store(false, ordering: .sequentiallyConsistent)
  }

  /// Up to where the lane has offered the log. Any thread.
  var offeredEnd: UInt64 { offered.load(ordering: .acquiring) }

  func moveOn(to position: UInt64, ordinal: UInt64) {
    self.position = position
    self.ordinal = ordinal
    offered.store(position, ordering: .releasing)
  }

  /// How many readers have something coming, and how many of these are given it by a history. Any thread.
  var readersNotLive: (waiting: Int, replaying: Int) {
    (waitingCount.load(ordering: .relaxed), replayingCount.load(ordering: .relaxed))
  }

  /// A replay has begun or ended.
  func countReplay(_ change: Int) {
    replayingCount.store(replayingCount.load(ordering: .relaxed) + change, ordering: .relaxed)
  }

  var isEmpty: Bool { cohorts.allSatisfy { $0.members.isEmpty } && idle.isEmpty && waiting.isEmpty }

  /// The cohort of streams that have exactly the channels of one, made if there is none.
  func cohort(for session: EventStreamSession) -> Cohort {
    if let known = cohorts.first(where: { $0.isFor(session) }) { return known }
    let cohort = Cohort(for: session)
    for audience in cohort.audiences { audience.cohorts.append(cohort) }
    return cohort
  }

  /// Forgets cohorts without members, in all of their channels. Not while a broadcast to one of those is under way.
  func removeEmptyCohorts() {
    for cohort in cohorts where cohort.members.isEmpty && cohort.audiences.allSatisfy({ $0.pass == nil }) {
      for audience in cohort.audiences { audience.cohorts.removeAll { $0 === cohort } }
    }
  }

  /// The audience is not used any more. Cohorts and audiences know each other: the circle is broken here.
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

  /// Constant time: the last one takes the place that becomes free.
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
