internal import EventSourceFormat

/// The state of a hub that follows one shared channel: whether and for how long it follows, what it waits for, and when
/// it must be checked again.
///
/// Part of the channel's state, used only under the channel's lock. It starts no work itself: ``due(at:readers:)``
/// returns the actions to perform. Only that method knows the time, because lanes call it in their runs. Events between
/// two calls are recorded, and the next call assigns their times.
final class ChannelFollower {
  enum Phase {
    /// The channel has no readers here. Its log is empty.
    case idle
    /// The feed is being started, or the store is being asked for its newest position. No reader can subscribe yet.
    case anchoring
    /// The log is a part of the store's order, and readers are served from it.
    case following
  }

  /// An action that the hub must perform outside of the lock.
  enum Action {
    /// Start the feed unless that is done, and request the newest event.
    case anchor(EventFeed, isBegun: Bool, attempt: UInt64)
    /// Request the events after a position.
    case fill(after: SharedPosition, attempt: UInt64)
    /// Cancel a request that is no longer needed.
    case cancel(Task<Void, Never>)
    case unfollow(EventFeed)
    /// End the readers' streams, because the feed has been stale for too long.
    case endReaders
    /// Reject the waiting requests, because they cannot be served now.
    case refuseWaiting
    /// The channel may be forgotten.
    case becameIdle
    case finish([Recorded])
  }

  /// A publication of this hub that is in the store and not yet in the log.
  struct Recorded {
    let position: SharedPosition
    let id: EventID
    let publication: Publication
    /// The time at which the wait for it ends. `never` until the next call of ``due(at:readers:)``.
    var deadline = Int64.never
  }

  /// Time limits, in the hub's nanoseconds.
  struct Times {
    var linger: Int64
    /// The limit of one request to the repository.
    var answer: Int64
    var stale: Int64?
  }

  private enum Pause {
    /// The feed may still deliver the events of a hole.
    case grace
    /// A request failed, or the store had no events although some were announced.
    case failure
  }

  /// The time for which the feed may still deliver the events of a hole.
  private static let grace: Int64 = 5_000_000
  private static let firstPause: Int64 = 20_000_000
  private static let longestPause: Int64 = 5_000_000_000

  let repository: any SharedEventRepository
  private let times: Times
  private(set) var phase = Phase.idle
  var order = FollowerState<FollowedEvent>()
  /// The position of the log's newest event, or of the log's beginning.
  private(set) var logEnd: SharedPosition?
  private(set) var feed: EventFeed?
  private var isFeedBegun = false
  /// The number of requests that wait until the channel is followed.
  var waitingRequests = 0
  /// The time until which it is followed without readers.
  private var followedUntil: Int64 = 0
  /// Whether the channel was used since the last call of ``due(at:readers:)``.
  private var wasUsed = false
  /// The pause before the next request to the store, if one began since the last call of ``due(at:readers:)``.
  private var pause: Pause?
  private var attempts: UInt64 = 0
  private var work: (attempt: UInt64, deadline: Int64, task: Task<Void, Never>?)?
  private var failures = 0
  private var notBefore = Int64.min
  private(set) var isStale = false
  private var staleSince: Int64?
  private var haveStaleReadersLeft = false
  private var recorded: ArraySlice<Recorded> = []
  /// The time at which the hub's timers check it.
  var scheduledAt = Int64.never
  /// Whether a lane has been asked to check it.
  var isLookRequested = false

  init(_ repository: any SharedEventRepository, _ times: Times) {
    self.repository = repository
    self.times = times
  }

  /// Whether readers can be served the channel's events from the log's end on.
  var isFollowing: Bool { phase == .following }

  /// Begins to follow the channel unless that is already happening, and keeps it followed.
  func begin(feed: @autoclosure () -> EventFeed) {
    keep()
    guard phase == .idle else { return }
    phase = .anchoring
    self.feed = feed()
    isFeedBegun = false
    succeeded()
  }

  /// Keeps the channel followed for the linger from now on.
  func keep() { wasUsed = true }

  /// Returns the actions that are due now, and the time of the next check.
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

  /// Starts the grace period after the feed has delivered an event out of order. The missing events may be on their
  /// way.
  func graceBegins() { pause = pause ?? .grace }

  /// Assigns times to what has happened since the last call.
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
    // They are in the order of their deadlines. Those without a deadline are last.
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

  /// Ends the current request because its result has arrived.
  ///
  /// - Returns: `false` if the request is no longer the current one.
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

  /// Handles a request that failed or returned an invalid result.
  func failed() -> [Action] {
    work = nil
    if order.isFilling { order.fillFailed() }
    foundNothing()
    return waitingRequests > 0 && phase == .anchoring ? [.refuseWaiting] : []
  }

  /// Delays the next request, because the store returned no events although some were announced.
  func foundNothing() { pause = .failure }

  func succeeded() {
    failures = 0
    notBefore = .min
    pause = nil
  }

  /// Returns to anchoring after the log was cut, because the order continues at an unknown position.
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

  /// Records that the log has the event at a position.
  func appended(_ position: SharedPosition) { logEnd = position }

  /// Removes and returns this hub's publications that are now in the log.
  func takeAppended() -> [Recorded] {
    guard let logEnd else { return [] }
    let done = recorded.prefix { $0.position <= logEnd }
    recorded.removeFirst(done.count)
    return Array(done)
  }

  /// Adds a publication of this hub that is in the store.
  ///
  /// - Returns: `false` if it need not wait for the log.
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

  /// Stops following and returns the actions to perform.
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
