internal import EventSourceFormat

/// How a hub follows one shared channel: whether it does, for how long, what it waits for, and when it looks again.
///
/// It belongs to the channel's state and is used under the channel's lock only. It starts nothing itself:
/// ``due(at:readers:)`` returns what is to be done. Only that knows the time, because it is called in the run of a
/// lane; what happens in between is noted, and dated by the next look.
final class ChannelFollower {
  enum Phase {
    /// Nobody reads the channel here. Its log is empty.
    case idle
    /// The feed is being begun, or the store is being asked where the order stands. Nobody can subscribe yet.
    case anchoring
    /// The log is a part of the store's order, and readers are given it.
    case following
  }

  /// What the hub has to do, outside of the lock.
  enum Action {
    /// Begin the feed, unless that is done, and ask for the newest event.
    case anchor(EventFeed, isBegun: Bool, attempt: UInt64)
    /// Ask for what follows a position.
    case fill(after: SharedPosition, attempt: UInt64)
    /// Do not wait for an answer any more.
    case cancel(Task<Void, Never>)
    case unfollow(EventFeed)
    /// End the readers' streams, because the feed has been stale for too long.
    case endReaders
    /// Requests wait that cannot be served now.
    case refuseWaiting
    /// The channel may be forgotten.
    case becameIdle
    case finish([Recorded])
  }

  /// An own publication that is in the store and not yet in the log.
  struct Recorded {
    let position: SharedPosition
    let id: EventID
    let publication: Publication
    /// When it is no longer waited for; `never` until the next look.
    var deadline = Int64.never
  }

  /// Times, in the hub's nanoseconds.
  struct Times {
    var linger: Int64
    /// For one answer of the repository.
    var answer: Int64
    var stale: Int64?
  }

  private enum Pause {
    /// The feed may still bring what a hole lacks.
    case grace
    /// The store did not answer, or there was nothing although somebody had said so.
    case failure
  }

  /// For so long the feed may still bring what a hole lacks.
  private static let grace: Int64 = 5_000_000
  private static let firstPause: Int64 = 20_000_000
  private static let longestPause: Int64 = 5_000_000_000

  let repository: any SharedEventRepository
  private let times: Times
  private(set) var phase = Phase.idle
  var order = FollowerState<FollowedEvent>()
  /// The position of the log's newest event, or where the log begins.
  private(set) var logEnd: SharedPosition?
  private(set) var feed: EventFeed?
  private var isFeedBegun = false
  /// How many requests wait until the channel is followed.
  var waitingRequests = 0
  /// Without readers it is followed until then.
  private var followedUntil: Int64 = 0
  /// It was used since the last look.
  private var wasUsed = false
  /// Before the store is asked again, since the last look.
  private var pause: Pause?
  private var attempts: UInt64 = 0
  private var work: (attempt: UInt64, deadline: Int64, task: Task<Void, Never>?)?
  private var failures = 0
  private var notBefore = Int64.min
  private(set) var isStale = false
  private var staleSince: Int64?
  private var haveStaleReadersLeft = false
  private var recorded: ArraySlice<Recorded> = []
  /// When the hub's timers come back to it.
  var scheduledAt = Int64.never
  /// A lane has been asked to look.
  var isLookRequested = false

  init(_ repository: any SharedEventRepository, _ times: Times) {
    self.repository = repository
    self.times = times
  }

  /// Whether a reader can be given the channel's events from the log's end on.
  var isFollowing: Bool { phase == .following }

  /// Somebody wants to read the channel.
  func begin(feed: @autoclosure () -> EventFeed) {
    keep()
    guard phase == .idle else { return }
    phase = .anchoring
    self.feed = feed()
    isFeedBegun = false
    succeeded()
  }

  /// The channel stays followed for the linger from now on.
  func keep() { wasUsed = true }

  /// What has to be done now, and when to look again.
  func due(at now: Int64, readers: Int) -> (actions: [Action], next: Int64) {
    guard phase != .idle else { return ([], .never) }
    date(at: now)
    let isUsed = readers + waitingRequests > 0
    guard isUsed || now < followedUntil else { return (stop() + [.becameIdle], .never) }
    var actions: [Action] = []
    if let work, work.deadline <= now {
      if let task = work.task { actions.append(.cancel(task)) }
      actions += failed()
      date(at: now)
    }
    let late = recorded.prefix { $0.deadline <= now }
    if !late.isEmpty {
      recorded.removeFirst(late.count)
      actions.append(.finish(Array(late)))
    }
    if let end = staleEnd, end <= now {
      haveStaleReadersLeft = true
      actions.append(.endReaders)
    }
    if work == nil, notBefore <= now, let action = beginWork(at: now) { actions.append(action) }
    var next = min(recorded.first?.deadline ?? .never, staleEnd ?? .never, work?.deadline ?? .never)
    if work == nil, phase == .anchoring || order.wantsFill { next = min(next, max(notBefore, now + 1)) }
    return (actions, isUsed ? next : min(next, followedUntil))
  }

  /// The feed has brought something out of order, and the rest may be on its way.
  func graceBegins() { pause = pause ?? .grace }

  /// Dates what has happened since the last look.
  private func date(at now: Int64) {
    if wasUsed { followedUntil = max(followedUntil, now + times.linger) }
    wasUsed = false
    switch pause {
    case .grace: if work == nil, notBefore <= now { notBefore = now + Self.grace }
    case .failure:
      notBefore = now + min(Self.firstPause << min(failures, 10), Self.longestPause)
      failures += 1
    case nil: break
    }
    pause = nil
    if isStale { staleSince = staleSince ?? now }
    // They are in the order of their deadlines, and those without one are the last.
    for index in recorded.indices.reversed() {
      guard recorded[index].deadline == .never else { break }
      recorded[index].deadline = now + times.answer
    }
  }

  func note(_ task: Task<Void, Never>, of attempt: UInt64) -> Bool {
    guard work?.attempt == attempt else { return false }
    work?.task = task
    return true
  }

  /// An answer has come; false: nobody waits for it any more.
  func endWork(_ attempt: UInt64) -> Bool {
    guard work?.attempt == attempt else { return false }
    work = nil
    return true
  }

  func anchored(at position: SharedPosition) {
    phase = .following
    isFeedBegun = true
    logEnd = position
    order.anchor(at: position)
    succeeded()
  }

  /// The store did not answer, or not what it may.
  func failed() -> [Action] {
    work = nil
    if order.isFilling { order.fillFailed() }
    foundNothing()
    return waitingRequests > 0 && phase == .anchoring ? [.refuseWaiting] : []
  }

  /// The store has answered, and there was nothing although somebody had said so: not at once again.
  func foundNothing() { pause = .failure }

  func succeeded() {
    failures = 0
    notBefore = .min
    pause = nil
  }

  /// The order goes on at a place that is not known yet: the log has been cut.
  func breakOff() -> [Action] {
    phase = .anchoring
    order.reset()
    logEnd = nil
    if let task = work?.task {
      work = nil
      return [.cancel(task)] + finishAll()
    }
    work = nil
    return finishAll()
  }

  /// The log has the event at a position.
  func appended(_ position: SharedPosition) { logEnd = position }

  /// Own publications that are in the log now.
  func takeAppended() -> [Recorded] {
    guard let logEnd else { return [] }
    let done = recorded.prefix { $0.position <= logEnd }
    recorded.removeFirst(done.count)
    return Array(done)
  }

  /// An own publication is in the store. False: it need not be waited for.
  func wait(for position: SharedPosition, _ id: EventID, _ publication: Publication) -> Bool {
    guard phase == .following, let logEnd, position > logEnd else { return false }
    recorded.append(Recorded(position: position, id: id, publication: publication))
    return true
  }

  func setStale(_ isStale: Bool) {
    guard isStale != self.isStale else { return }
    self.isStale = isStale
    staleSince = nil
    haveStaleReadersLeft = false
    guard !isStale else { return }
    order.mayHaveLost()
    succeeded()
  }

  /// Ends following, for whatever reason.
  func stop() -> [Action] {
    var actions = breakOff()
    phase = .idle
    if let feed { actions.append(.unfollow(feed)) }
    feed = nil
    isStale = false
    staleSince = nil
    haveStaleReadersLeft = false
    if waitingRequests > 0 { actions.append(.refuseWaiting) }
    return actions
  }

  private var staleEnd: Int64? {
    guard let staleSince, let limit = times.stale, !haveStaleReadersLeft else { return nil }
    return staleSince + limit
  }

  private func beginWork(at now: Int64) -> Action? {
    switch phase {
    case .idle: return nil
    case .anchoring:
      guard let feed else { return nil }
      return .anchor(feed, isBegun: isFeedBegun, attempt: newAttempt(at: now))
    case .following:
      guard order.wantsFill else { return nil }
      return .fill(after: order.beginFill(), attempt: newAttempt(at: now))
    }
  }

  private func newAttempt(at now: Int64) -> UInt64 {
    attempts += 1
    work = (attempts, now + times.answer, nil)
    return attempts
  }

  private func finishAll() -> [Action] {
    guard !recorded.isEmpty else { return [] }
    defer { recorded = [] }
    return [.finish(Array(recorded))]
  }
}
