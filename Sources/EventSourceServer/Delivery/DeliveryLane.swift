import Synchronization

/// One thread's share of the readers.
///
/// An HTTP stack makes a lane for each of its threads that serves event streams, gives it requests, and runs it from
/// the thread's own loop; the lane writes to no response but in those calls. It has no thread, clock or timer.
///
/// All methods on that one thread. The confinement is what makes the class `Sendable`; other threads reach it only by
/// its mailbox, and read the number of its readers from an atomic.
public final class DeliveryLane: @unchecked Sendable {
  let hub: EventHub
  let mailbox: LaneMailbox
  var now: Int64 = 0
  var random: SplitMix64
  var exchanges: [EventStreamExchange] = []
  var audiences: [ObjectIdentifier: LaneAudience] = [:]
  var deadlines = DeadlineHeap()
  /// Those who have something to be given outside of a walk, and those being given it: the arrays are exchanged.
  var turns: [EventStreamExchange] = []
  private var currentTurns: [EventStreamExchange] = []
  private var messages: [LaneMailbox.Message] = []
  private var acknowledgements: [OfferAcknowledgement] = []
  /// The log's parts of one walk.
  var ranges: [EventChannel.Range] = []
  var tally = LaneTally()
  /// How many answers of repositories are awaited, and who waits for their turn to ask.
  var asked = 0
  var askers = Line<Attachment>()
  /// How often permissions have been taken back.
  var revocations = 0
  var isDraining = false
  private(set) var isClosed = false
  private let readers = Atomic(0)
  private let observer: (@Sendable (ObjectIdentifier) -> Void)?

  init(
    hub: EventHub, mailbox: LaneMailbox, seed: UInt64, observer: (@Sendable (ObjectIdentifier) -> Void)? = nil
  ) {
    self.hub = hub
    self.mailbox = mailbox
    random = SplitMix64(seed: seed)
    self.observer = observer
  }

  /// The stack has called: a check may want to know from where.
  func wasCalled() { observer?(ObjectIdentifier(self)) }

  /// How many requests and streams the lane has. Any thread.
  public var readerCount: Int { readers.load(ordering: .relaxed) }

  /// Delivers what there is to deliver, and does what is due.
  ///
  /// The stack calls it after every batch of input in which it gave the lane or an exchange something, when it was
  /// woken, and when the answered moment has come: that is, once before each time it sleeps.
  ///
  /// - Parameter now: The time since any fixed moment, never going back.
  /// - Returns: When the lane wants to be run again at the latest, on the same scale; nil: not before it is woken.
  public func run(now: Duration) -> Duration? {
    wasCalled()
    self.now = max(self.now, now.nanoseconds)
    hub.advance(to: self.now)
    // A second round sees what was published during the first; more are left to the stack's next call, which sees to
    // its input.
    for _ in 0..<2 {
      mailbox.take(into: &messages)
      for message in messages { receive(message) }
      messages.removeAll(keepingCapacity: true)
      takeTurns()
      fireDeadlines()
      for acknowledgement in acknowledgements { acknowledgement.laneIsDone() }
      acknowledgements.removeAll(keepingCapacity: true)
      if turns.isEmpty, mailbox.sleep() {
        return afterRun(deadlines.first.map { .nanoseconds($0.deadline) })
      }
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
    guard !isClosed else { return }
    isClosed = true
    for message in mailbox.close() {
      if case .acknowledge(let acknowledgement) = message { acknowledgement.laneIsDone() }
    }
    while let exchange = exchanges.last {
      if exchange.phase != .open {
        refuse(exchange, .unavailable(retryAfter: exchange.handler.configuration.retryAfter))
      } else {
        finish(exchange, .laneClosed, ending: .aborted)
      }
    }
    turns.removeAll()
    _ = afterRun(nil)
    hub.forget(self)
  }

  private func afterRun(_ next: Duration?) -> Duration? {
    hub.counters.add(tally)
    tally = LaneTally()
    hub.giveUpAged(now: now)
    return next
  }

  private func receive(_ message: LaneMailbox.Message) {
    switch message {
    case .published(let audience): walk(audience)
    case .acknowledge(let acknowledgement): acknowledgements.append(acknowledgement)
    case .authorized(let exchange, let result): authorized(exchange, result)
    case .replayed(let exchange, let attachment, let result): replayed(exchange, attachment, result)
    case .revoke(let isRevoked): revoke(where: isRevoked)
    case .drain(let window): drain(over: .nanoseconds(window))
    case .end(let channel, let reason):
      guard let audience = audiences[ObjectIdentifier(channel)] else { return }
      for attachment in audience.all { leave(attachment.exchange, reason) }
    }
  }

  /// Has the exchange pumped later in this run, and not offered anything before.
  func giveTurn(to exchange: EventStreamExchange) {
    guard !exchange.isInTurns else { return }
    setReady(exchange, false)
    exchange.isInTurns = true
    turns.append(exchange)
  }

  private func takeTurns() {
    swap(&turns, &currentTurns)
    for exchange in currentTurns {
      exchange.isInTurns = false
      exchange.phase == .arrived ? arrive(exchange) : pump(exchange)
    }
    currentTurns.removeAll(keepingCapacity: true)
  }

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
