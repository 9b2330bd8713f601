import Synchronization

/// One thread's share of the readers.
///
/// An HTTP stack makes a lane for each of its threads that serves event streams, gives it requests, and runs it from
/// the thread's own loop; the lane writes to no response but in those calls. It has no thread, clock or timer.
///
/// All methods on that one thread. The confinement is what makes the class `Sendable`; other threads reach it only by
/// its mailbox, and read the number of its readers from an atomic. A lane that is released without ``close()`` is
/// closed then, on the thread that releases it.
public final class DeliveryLane: @unchecked Sendable {
  /// What the lane does in the order in which it came up.
  enum Work {
    /// Offer the readers of a channel what is new.
    case broadcast(LaneAudience)
    /// Give one stream what is its own.
    case serve(EventStreamExchange)
    case acknowledge(OfferAcknowledgement)
  }

  let hub: EventHub
  let mailbox: LaneMailbox
  /// The stack's time as of this run, in nanoseconds.
  private(set) var now: Int64 = 0
  /// What has to be added to it for the hub's time: the lanes' clocks may have different origins.
  private var hubOffset: Int64?
  var random: SplitMix64
  var exchanges: [EventStreamExchange] = []
  var audiences: [ObjectIdentifier: LaneAudience] = [:]
  var identities: [ExactString: [ObjectIdentifier: EventStreamExchange]] = [:]
  var deadlines = DeadlineHeap()
  private var work = FIFOQueue<Work>()
  /// The broadcast that the last run could not end.
  private var unfinished: LaneAudience?
  let pass = BroadcastPass()
  /// What this run may still write: one for each write, and one for each 16 KiB.
  var allowance = 0
  private var messages: [LaneMailbox.Message] = []
  var tally = LaneTally()
  /// Those who wait for a slot to ask their history.
  var askers = FIFOQueue<Subscription>()
  var revocations = RevocationLog()
  /// Requests that wait for a channel to be opened.
  var waitingRequests: [ChannelName: [ObjectIdentifier: EventStreamExchange]] = [:]
  var isDraining = false
  private(set) var isClosed = false
  private let readers = Atomic(0)
  private let observer: (@Sendable (ObjectIdentifier) -> Void)?
  /// Is told of each state that a subscription leaves, and of the one that it enters.
  typealias TransitionObserver = @Sendable (SubscriptionState, SubscriptionState) -> Void
  let transitionObserver: TransitionObserver?

  /// After so much the stack polls: some milliseconds of writing.
  private static let runAllowance = 2048

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

  /// The stack has called: a check may want to know from where.
  func wasCalled() { observer?(ObjectIdentifier(self)) }

  /// How many requests and streams the lane has. Any thread.
  public var readerCount: Int { readers.load(ordering: .relaxed) }

  /// Does what is due, then delivers what there is to deliver, for some milliseconds at most.
  ///
  /// The stack calls it after every batch of input in which it gave the lane or an exchange something, when it was
  /// woken, and when the returned moment has come: that is, once before each time it polls. It polls between two runs,
  /// also if the lane wants to be run again at once, or its own work would starve.
  ///
  /// - Parameter now: The time since any fixed moment, never going back.
  /// - Returns: When the lane wants to be run again at the latest, on the same scale; nil: not before it is woken.
  public func run(now: Duration) -> Duration? {
    wasCalled()
    advance(to: now.nanoseconds)
    allowance = Self.runAllowance
    // A second round sees what was published during the first; more are left to the stack's next call.
    for _ in 0..<2 {
      mailbox.drain(into: &messages)
      for message in messages { receive(message) }
      messages.removeAll(keepingCapacity: true)
      // What is due is done before anything is written: no byte after the end of a permission.
      fireDeadlines()
      guard doWork() else { break }
      if mailbox.sleep() { return afterRun(deadlines.first.map { .nanoseconds($0.deadline) }) }
    }
    return afterRun(.nanoseconds(self.now))
  }

  /// Ends the streams of this lane at random moments within a time, each with what is published and a `retry` of its
  /// own, and refuses new ones with 503.
  public func drain(over window: Duration) {
    isDraining = true
    for exchange in exchanges { scheduleLeave(exchange, within: window.nanoseconds) }
  }

  /// Ends everything at once and for good: streams are aborted, requests that wait for an authorizer are refused with
  /// 503.
  public func close() {
    wasCalled()
    end()
  }

  private func end() {
    guard !isClosed else { return }
    isClosed = true
    for message in mailbox.close() {
      if case .acknowledge(let acknowledgement, _) = message { acknowledgement.laneIsDone() }
    }
    while let exchange = exchanges.last {
      if exchange.isStreaming {
        finish(exchange, .laneClosed, ending: .aborted)
      } else {
        refuse(exchange, .unavailable(retryAfter: exchange.handler.configuration.retryAfter))
      }
    }
    while let next = work.popFirst() {
      if case .acknowledge(let acknowledgement) = next { acknowledgement.laneIsDone() }
    }
    unfinished = nil
    _ = afterRun(nil)
    hub.forget(mailbox)
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
    guard let occupancy = hub.occupancy, let hubOffset, !isClosed else { return next }
    let due = occupancy.expire(hub.now)
    guard due != .never else { return next }
    let own = Duration.nanoseconds(max(due - hubOffset, now))
    return min(next ?? own, own)
  }

  private func receive(_ message: LaneMailbox.Message) {
    switch message {
    case .published(let audience): enqueueBroadcast(of: audience)
    case .acknowledge(let acknowledgement, let channel): acknowledge(acknowledgement, of: channel)
    case .authorized(let exchange, let result): authorized(exchange, result)
    case .replayed(let exchange, let subscription, let slot, let answer):
      replayed(exchange, subscription, slot, answer)
    case .replaySlotIsFree: askAgain()
    case .newestEventIsKnown(let id, let channel): newestEventIsKnown(id, of: channel)
    case .revoke(let revocation): revoke(revocation)
    case .reconfigured(let audience): reconfigured(audience)
    case .opened(let name): opened(name)
    case .lookAtTime: break
    case .disconnectSlowReaders: disconnectSlowReaders()
    case .drain(let window): drain(over: .nanoseconds(window))
    case .remove(let channel): removed(channel)
    case .end(let channel, let reason):
      for subscription in subscriptions(of: channel) { leave(subscription.exchange, reason) }
    }
  }

  /// Does what there is to do; false: the stack is to poll first.
  private func doWork() -> Bool {
    if let audience = unfinished {
      guard broadcast(to: audience) else { return false }
      unfinished = nil
    }
    while let next = work.popFirst() {
      switch next {
      case .acknowledge(let acknowledgement): acknowledgement.laneIsDone()
      case .serve(let exchange): serve(exchange)
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

  /// Has the stream served later in this run or the next.
  func enqueue(_ exchange: EventStreamExchange) {
    guard !exchange.isQueued else { return }
    exchange.isQueued = true
    work.append(.serve(exchange))
  }

  /// Behind all that is queued: readers that have something coming have had a chance by then.
  func enqueue(_ acknowledgement: OfferAcknowledgement) { work.append(.acknowledge(acknowledgement)) }

  func insert(_ exchange: EventStreamExchange) {
    exchange.laneIndex = exchanges.count
    exchanges.append(exchange)
    readers.add(1, ordering: .relaxed)
  }

  func remove(_ exchange: EventStreamExchange) {
    let last = exchanges.removeLast()
    if last !== exchange {
      exchanges[exchange.laneIndex] = last
      last.laneIndex = exchange.laneIndex
    }
    readers.subtract(1, ordering: .relaxed)
  }
}
