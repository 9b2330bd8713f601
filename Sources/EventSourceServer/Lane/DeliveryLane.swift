import Synchronization

/// Delivers events to the readers of one thread.
///
/// An HTTP stack creates a lane for each thread that serves event streams, passes it requests, and runs it from the
/// thread's own loop. The lane writes to responses only during those calls. It has no thread, clock or timer of its
/// own.
///
/// Call all methods on that thread. The class is `Sendable` because of this confinement: other threads use only its
/// mailbox, and an atomic for the number of readers. Deallocating a lane closes it, on the thread that releases it.
public final class DeliveryLane: @unchecked Sendable {
  /// Queued work, done in order.
  enum Work {
    /// Offer new events to the readers of a channel.
    case broadcast(LaneAudience)
    /// Serve one stream individually.
    case serve(EventStreamSession)
    case acknowledge(OfferAcknowledgement)
  }

  let hub: EventHub
  let mailbox: LaneMailbox
  /// The stack's time at this run, in nanoseconds.
  private(set) var now: Int64 = 0
  /// The offset from the stack's time to the hub's, because the lanes' clocks may have different origins.
  private var hubOffset: Int64?
  var random: SplitMix64
  var sessions: [EventStreamSession] = []
  var audiences: [ObjectIdentifier: LaneAudience] = [:]
  var identities: [ExactString: [ObjectIdentifier: EventStreamSession]] = [:]
  var deadlines = DeadlineHeap<EventStreamSession>()
  private var work = FIFOQueue<Work>()
  /// The broadcast that the last run did not finish.
  private var unfinished: LaneAudience?
  let pass = BroadcastPass()
  /// The remaining allowance of this run: one unit for each write and one for each 16 KiB.
  var allowance = 0
  private var messages: [LaneMailbox.Message] = []
  var tally = LaneTally()
  /// Subscriptions that wait for a replay slot, and the time at which one was free last.
  var replayQueue = ReplayQueue()
  var slotWasFreeAt = Int64.min
  var revocations = RevocationLog()
  /// Requests that wait for a channel to be opened.
  var waitingRequests: [ChannelName: [ObjectIdentifier: EventStreamSession]] = [:]
  /// Requests that wait until a shared channel is followed.
  var waitingForFollower: [ChannelName: [ObjectIdentifier: EventStreamSession]] = [:]
  /// The channels that have a compressor, and when they are to be checked for quiet ones.
  var compressing: [SharedCompression] = []
  var nextCompressionCheck = Int64.never
  var isDraining = false
  private(set) var isClosed = false
  private let readers = Atomic(0)
  private let observer: (@Sendable (ObjectIdentifier) -> Void)?
  /// Receives the state that a subscription leaves and the one that it enters.
  typealias TransitionObserver = @Sendable (SubscriptionState, SubscriptionState) -> Void
  let transitionObserver: TransitionObserver?

  /// The allowance of a run, a few milliseconds of writing, after which the stack polls.
  private static let runAllowance = 512

  init(
    hub: EventHub, mailbox: LaneMailbox, seed: UInt64, observer: (@Sendable (ObjectIdentifier) -> Void)? = nil,
    transitionObserver: TransitionObserver? = nil
  ) {
    self.hub = hub
    self.mailbox = mailbox
    random = SplitMix64(seed: seed)
    self.observer = observer
    self.transitionObserver = transitionObserver
  }

  deinit { end() }

  /// Reports a call by the stack to a test's observer.
  func wasCalled() { observer?(ObjectIdentifier(self)) }

  /// The number of requests and streams in this lane. Safe to read from any thread.
  public var readerCount: Int { readers.load(ordering: .relaxed) }

  /// Handles deadlines, then delivers events, for a few milliseconds at most.
  ///
  /// Call it once before each time the stack polls: after input for the lane or a session, after a wake-up, and at
  /// the returned time. Always poll between two runs, even if the lane asks to run again immediately; otherwise the
  /// stack's other work would starve.
  ///
  /// - Parameter now: The time since any fixed origin. It must never go back.
  /// - Returns: The time at which the lane must run again at the latest, on the same scale. `nil` means not before a
  ///   wake-up.
  public func run(now: Duration) -> Duration? {
    wasCalled()
    advance(to: now.nanoseconds)
    allowance = Self.runAllowance
    // A second round handles the events that were published during the first. More rounds are left to the next call.
    for _ in 0..<2 {
      mailbox.drain(into: &messages)
      for message in messages { receive(message) }
      messages.removeAll(keepingCapacity: true)
      // Deadlines come first: no byte is written after a grant has expired.
      fireDeadlines()
      if nextCompressionCheck <= self.now { releaseQuietCompressors() }
      guard doWork() else { break }
      if mailbox.sleep() {
        let next = min(deadlines.earliest, nextCompressionCheck)
        return afterRun(next == .never ? nil : .nanoseconds(next))
      }
    }
    return afterRun(.nanoseconds(self.now))
  }

  /// Ends the lane's streams at random times within a window, each after everything published and its own `retry`. New
  /// requests get 503.
  public func drain(over window: Duration) {
    isDraining = true
    for session in sessions { scheduleLeave(session, within: window.nanoseconds) }
  }

  /// Ends everything immediately and permanently. Streams are aborted, and requests that wait for an authorizer get
  /// 503.
  public func close() {
    wasCalled()
    end()
  }

  private func end() {
    guard !isClosed else { return }
    isClosed = true
    var toLookAt: [EventChannel] = []
    for message in mailbox.close() {
      if case .acknowledge(let acknowledgement, _) = message { acknowledgement.laneIsDone() }
      if case .look(let channel) = message { toLookAt.append(channel) }
    }
    while let session = sessions.last {
      if session.isStreaming {
        finish(session, .laneClosed, ending: .aborted)
      } else {
        reject(session, .unavailable(retryAfter: session.handler.configuration.retryAfter))
      }
    }
    while let next = work.popFirst() {
      if case .acknowledge(let acknowledgement) = next { acknowledgement.laneIsDone() }
    }
    unfinished = nil
    _ = afterRun(nil)
    hub.forget(mailbox)
    for channel in toLookAt { hub.look(at: channel) }
  }

  private func advance(to now: Int64) {
    self.now = max(self.now, now)
    let offset = hubOffset ?? hub.now - self.now
    hubOffset = offset
    hub.advance(to: self.now + offset)
  }

  private func afterRun(_ next: Duration?) -> Duration? {
    hub.counters.add(tally)
    tally = LaneTally()
    hub.evictAged()
    guard let hubOffset, !isClosed else { return next }
    hub.lookAtFollowed()
    let due = min(hub.expireRuns(), hub.followTimers.earliest, hub.occupancy?.expire(hub.now) ?? .never)
    guard due != .never else { return next }
    // A run whose deadline is not known yet has a negative due time, which means immediately.
    let own = Duration.nanoseconds(max(max(due, 0) - hubOffset, now))
    return min(next ?? own, own)
  }

  private func receive(_ message: LaneMailbox.Message) {
    switch message {
    case .published(let audience): enqueueBroadcast(of: audience)
    case .acknowledge(let acknowledgement, let channel): acknowledge(acknowledgement, of: channel)
    case .authorized(let session, let result): authorized(session, result)
    case .replayed(let session, let subscription, let slot, let answer):
      replayed(session, subscription, slot, answer)
    case .replaySlotIsFree: useFreeSlots()
    case .newestEventIsKnown(let id, let channel, let comments):
      newestEventIsKnown(id, of: channel, comments: comments)
    case .revoke(let revocation): revoke(revocation)
    case .reconfigured(let audience): reconfigured(audience)
    case .opened(let name): opened(name)
    case .followed(let name, let isFollowed): followed(name, isFollowed)
    case .look(let channel): hub.look(at: channel)
    case .lookAtTime: break
    case .disconnectSlowReaders: disconnectSlowReaders()
    case .drain(let window): drain(over: .nanoseconds(window))
    case .remove(let channel): removed(channel)
    case .runEnded(let channel): runEnded(channel)
    case .runIsMissing(let name, let session, let hasFailed): runIsMissing(name, session, hasFailed: hasFailed)
    case .runAnswered(let session, let answer): answered(session, answer)
    case .end(let channel, let reason):
      for subscription in subscriptions(of: channel) { leave(subscription.session, reason) }
    }
  }

  /// Does the queued work. Returns `false` if the stack must poll first.
  private func doWork() -> Bool {
    if let audience = unfinished {
      guard broadcast(to: audience) else { return false }
      unfinished = nil
    }
    while let next = work.popFirst() {
      switch next {
      case .acknowledge(let acknowledgement): acknowledgement.laneIsDone()
      case .serve(let session): serve(session)
      case .broadcast(let audience):
        audience.isQueued = false
        guard broadcast(to: audience) else {
          unfinished = audience
          return false
        }
      }
      if allowance <= 0 { return work.isEmpty }
    }
    return true
  }

  func enqueueBroadcast(of audience: LaneAudience) {
    guard !audience.isQueued else { return }
    audience.isQueued = true
    work.append(.broadcast(audience))
  }

  /// Schedules the stream, in this run or the next.
  func enqueue(_ session: EventStreamSession) {
    guard !session.isQueued else { return }
    session.isQueued = true
    work.append(.serve(session))
  }

  /// Queues an acknowledgement after all other work, so that waiting readers are served first.
  func enqueue(_ acknowledgement: OfferAcknowledgement) { work.append(.acknowledge(acknowledgement)) }

  func insert(_ session: EventStreamSession) {
    session.laneIndex = sessions.count
    sessions.append(session)
    readers.add(1, ordering: .relaxed)
  }

  func remove(_ session: EventStreamSession) {
    let last = sessions.removeLast()
    if last !== session {
      sessions[session.laneIndex] = last
      last.laneIndex = session.laneIndex
    }
    readers.subtract(1, ordering: .relaxed)
  }
}
