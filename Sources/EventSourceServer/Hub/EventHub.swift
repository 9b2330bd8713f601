import Synchronization

/// The fan-out centre: channels, their logs, and the lanes that deliver them.
///
/// Publish from any thread; mount an ``EventStreamHandler`` for the hub in any number of servers. A publisher's cost
/// does not depend on how many readers there are: it appends to the channel's log and marks it in each lane.
public final class EventHub: Sendable {
  /// What the hub was made with.
  public let configuration: Configuration
  /// What all IDs made by this hub begin with: another hub, and so this program after a restart, has another.
  public let epoch: String

  let logger: (any EventLogger)?
  let budget: MemoryBudget
  let registry = SegmentRegistry()
  let counters = HubCounters()
  let admissions: Admissions
  /// A comment without text, which all idle readers share.
  let heartbeat: EventStreamBytes
  let channels = Mutex<[ChannelName: EventChannel]>([:])
  let lanes = Mutex<[LaneMailbox]>([])
  private let time = Atomic<Int64>(0)
  let lastSweep = Atomic<Int64>(0)
  private let random: Mutex<SplitMix64>
  private let laneObserver = Mutex<(@Sendable (ObjectIdentifier) -> Void)?>(nil)

  /// Makes a hub.
  ///
  /// - Parameters:
  ///   - channels: The channels that there are. Others can be opened later, or on demand if so configured.
  ///   - configuration: Limits and rules; an invalid one is a mistake of the programmer and stops the program, so call
  ///     ``Configuration/validate()`` first on one that a person has written.
  ///   - logger: Where to say what happens; nil: nowhere.
  public init(
    channels: [ChannelName] = [], configuration: Configuration = Configuration(), logger: (any EventLogger)? = nil
  ) {
    do {
      try configuration.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    self.configuration = configuration
    self.logger = logger
    var random = SplitMix64(seed: configuration.seed ?? .random(in: 0 ... .max))
    epoch = configuration.epoch ?? Self.makeEpoch(&random)
    self.random = Mutex(random)
    budget = MemoryBudget(limit: configuration.maximumBytes)
    admissions = Admissions(configuration)
    heartbeat = LogSegment.holding(byteCount: 3, budget: budget) { $0.copyBytes(from: ":\n\n".utf8) }!
    for name in channels { open(name) }
  }

  deinit {
    // Segments know their channel, so that the oldest can be given up: the circle is broken here.
    for channel in channels.withLock({ Array($0.values) }) { giveUpAll(of: channel) }
  }

  /// Makes a lane for a thread of an HTTP stack.
  ///
  /// - Parameter wake: Makes the stack's loop call ``DeliveryLane/run(now:)`` soon. Called from any thread, only while
  ///   the
  ///   lane sleeps, and once for any number of events; it must not call back into the hub or the lane.
  public func makeLane(wake: @escaping @Sendable () -> Void) -> DeliveryLane {
    let mailbox = LaneMailbox(wake: wake)
    lanes.withLock { $0.append(mailbox) }
    return DeliveryLane(
      hub: self, mailbox: mailbox, seed: random.withLock { $0.next() }, observer: laneObserver.withLock { $0 }
    )
  }

  /// Lets a check see each call of the lanes that are made from now on, on the thread of the call.
  package func observeLaneCalls(_ observer: @escaping @Sendable (ObjectIdentifier) -> Void) {
    laneObserver.withLock { $0 = observer }
  }

  /// The lanes' time, in nanoseconds, as of the last run of any of them.
  var now: Int64 { time.load(ordering: .relaxed) }

  func advance(to now: Int64) { time.store(now, ordering: .relaxed) }

  func forget(_ lane: DeliveryLane) {
    lanes.withLock { lanes in lanes.removeAll { $0 === lane.mailbox } }
  }

  func post(toAllLanes message: LaneMailbox.Message) {
    for mailbox in lanes.withLock({ $0 }) { mailbox.post(message) }
  }

  /// Logs a record; the metadata is made only if there is a logger.
  func log(
    _ level: EventLogRecord.Level, _ message: StaticString,
    _ metadata: () -> [(name: String, value: String)] = { [] }
  ) {
    logger?.log(EventLogRecord(level: level, message: message, metadata: metadata()))
  }

  private static func makeEpoch(_ random: inout SplitMix64) -> String {
    let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return String((0..<8).map { _ in digits.randomElement(using: &random)! })
  }
}
