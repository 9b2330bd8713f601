import Synchronization

internal import EventSourceFormat

/// The fan-out center: channels, their logs, and the lanes that deliver events to readers.
///
/// Publish from any thread. Mount an ``EventStreamHandler`` for the hub in any number of servers. The cost of
/// publishing does not depend on the number of readers: it appends to the channel's log and marks the channel in each
/// lane.
public final class EventHub: Sendable {
  /// The configuration with which the hub was created.
  public let configuration: Configuration
  /// The prefix of every ID that this hub generates. Each hub has its own, so the prefix changes when the program
  /// restarts.
  public var idPrefix: String { positions.prefix }

  let logger: (any EventLogger)?
  let positions: PositionForm
  let budget: MemoryBudget
  let registry = SegmentRegistry()
  let counters = HubCounters()
  let admissions: Admissions
  let replaySlots: ReplaySlots
  /// A comment without text, which all idle readers share.
  let heartbeat: EventStreamBytes
  let channels = Mutex(ChannelTable())
  /// The rules of channels without rules of their own.
  let defaultRules: ChannelRules
  /// Publications that were waiting for a repository when their channel was removed. A channel that is opened under the
  /// same name continues with them, so that the repository gets one call at a time.
  let recordings = Mutex<[ChannelName: RecordingQueue]>([:])
  let offers = PendingOffers()
  let lanes = Mutex<[LaneMailbox]>([])
  let incarnations = Atomic<UInt64>(0)
  private let time = Atomic<Int64>(0)
  let lastSweep = Atomic<Int64>(0)
  /// Channels whose maximum age differs from the hub's, by incarnation.
  let ownAges = Mutex<[UInt64: EventChannel]>([:])
  /// The shortest maximum age that any channel ever had.
  let shortestAge: Atomic<Int64>
  /// Records which channels have readers. `nil` if no observer is configured.
  let occupancy: OccupancyLedger?
  /// The collections of runs.
  let runStores = Mutex<[WeakRunStore]>([])
  /// The next time at which one of their runs is due.
  let runDue = Atomic(Int64.never)
  let followTimers = FollowTimers()
  /// The number of requests that wait for a channel to be opened.
  let waitingRequests = Atomic(0)
  /// Whether the lanes have been asked to disconnect slow readers and have not done so yet.
  let isDisconnectingSlowReaders = Atomic(false)
  private let random: Mutex<SplitMix64>
  private let laneObserver = Mutex<(@Sendable (ObjectIdentifier) -> Void)?>(nil)
  private let transitionObserver = Mutex<DeliveryLane.TransitionObserver?>(nil)

  /// Creates a hub.
  ///
  /// - Parameters:
  ///   - channels: The channels to open now. You can open more later, or let the hub create them on demand.
  ///   - configuration: Limits and rules. Traps if it is invalid, so call ``Configuration/validate()`` first on one
  ///     that comes from user input.
  ///   - logger: Receives log records. `nil` disables logging.
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
    positions = PositionForm(configured: configuration.idPrefix)
    random = Mutex(SplitMix64(seed: configuration.seed ?? .random(in: 0 ... .max)))
    budget = MemoryBudget(limit: configuration.memoryLimit)
    defaultRules = ChannelRules(configuration.channelDefaults, hubRetention: configuration.retention)
    shortestAge = Atomic(defaultRules.age ?? .never)
    occupancy = configuration.occupancyObservers.isEmpty ? nil : OccupancyLedger(configuration)
    admissions = Admissions(configuration)
    replaySlots = ReplaySlots(maximumBytes: configuration.memoryLimit, bytesOfAnswer: DeliveryLane.batchBytes)
    heartbeat = LogSegment.standalone(Array(":\n\n".utf8), budget: budget)!
    for name in channels { openChannel(name) }
  }

  deinit {
    stopFollowingAll()
    // Segments refer to their channel, so that the oldest can be evicted. This breaks the retain cycle.
    for channel in channels.withLock({ Array($0.values) }) { channel.evictAll(owner: owner(of: channel)) }
  }

  /// Creates a lane for a thread of an HTTP stack.
  ///
  /// - Parameter wake: Makes the stack's loop call ``DeliveryLane/run(now:)`` soon. It is called from any thread, only
  ///   while the lane sleeps, and once for any number of events. It must not call the hub or the lane.
  public func makeLane(wake: @escaping @Sendable () -> Void) -> DeliveryLane {
    let mailbox = LaneMailbox(wake: wake)
    lanes.withLock { $0.append(mailbox) }
    return DeliveryLane(
      hub: self, mailbox: mailbox, seed: random.withLock { $0.next() }, observer: laneObserver.withLock { $0 },
      transitionObserver: transitionObserver.withLock { $0 }
    )
  }

  /// Lets a test observe every call to lanes created from now on, on the calling thread.
  package func observeLaneCalls(_ observer: @escaping @Sendable (ObjectIdentifier) -> Void) {
    laneObserver.withLock { $0 = observer }
  }

  /// Lets a test observe the state transitions of subscriptions in lanes created from now on, on the lanes' threads.
  func observeTransitions(_ observer: @escaping DeliveryLane.TransitionObserver) {
    transitionObserver.withLock { $0 = observer }
  }

  /// The hub's time in nanoseconds: the lanes' clocks, adjusted to one origin, as of the latest run of any lane.
  var now: Int64 { time.load(ordering: .relaxed) }

  func advance(to now: Int64) { time.max(now, ordering: .relaxed) }

  func forget(_ lane: LaneMailbox) {
    let others = lanes.withLock { lanes in
      lanes.removeAll { $0 === lane }
      return lanes
    }
    // Another lane takes over timekeeping. Without one, nothing more is due.
    if let other = others.first {
      let isTimed = occupancy != nil || followTimers.earliest != .never || runDue.load(ordering: .acquiring) != .never
      if isTimed { other.post(.lookAtTime) }
      return
    }
    occupancy?.expire(.never)
    stopFollowingAll()
  }

  func post(toAllLanes message: LaneMailbox.Message) {
    for mailbox in lanes.withLock({ $0 }) { mailbox.post(message) }
  }

  /// Logs a record. The metadata is evaluated only if there is a logger.
  func log(
    _ level: EventLogRecord.Level, _ message: StaticString,
    _ metadata: () -> [(name: String, value: String)] = { [] }
  ) {
    logger?.log(EventLogRecord(level: level, message: message, metadata: metadata()))
  }
}

/// The meaning of IDs.
extension EventHub {
  /// Returns the place in a channel's log after the event with an ID, if all later events are retained.
  ///
  /// - Parameter hash: The expected encoding of an event with an application ID, because another may have the same ID.
  func place(
    after id: String, in log: LogSnapshot, of channel: EventChannel, encodedAs hash: BlockHash? = nil
  ) -> LogSnapshot.Place? {
    if channel.run != nil { return RunCore.place(after: id, in: log, prefix: channel.idPrefix) }
    if let position = positions.position(in: id), position.incarnation == channel.incarnation {
      return log.place(after: position.number, id: id)
    }
    guard let hash else { return log.place(afterOwn: id) }
    return log.place(afterOwn: id, encodedAs: hash)
  }

  /// Returns the number in an ID that was generated in this life of a channel.
  func number(of id: EventID, in channel: EventChannel) -> UInt64? {
    positions.position(in: id.rawValue).flatMap { $0.incarnation == channel.incarnation ? $0.number : nil }
  }

  /// Returns whether an application may use an ID in a channel. It may not use one that this hub generates for another
  /// event, now or later.
  func isFree(_ id: EventID, in channel: EventChannel) -> Bool {
    guard let position = positions.position(in: id.rawValue) else { return true }
    return position.incarnation != channel.incarnation && position.incarnation <= incarnations.load(ordering: .relaxed)
  }

  /// Asks a recording repository once for the channel's newest event, if no event has been published in this life.
  func askForNewestEvent(of channel: EventChannel) {
    let repository = channel.withState { state -> (any NewestEventReporting)? in
      guard state.newestOfHistory == .notAsked, state.log.newestEvent == nil,
        let repository = state.recorder as? any NewestEventReporting
      else { return nil }
      state.newestOfHistory = .asked
      return repository
    }
    guard let repository, channel.recording?.hasBegun != true else { return }
    Task(executorPreference: configuration.taskExecutor) { [self] in
      let id: EventID?
      do {
        id = try await repository.newestEventID(in: channel.name)
      } catch {
        // Readers that have received nothing from the channel get a gap event when they return.
        return log(.error, "a repository failed to report its newest event") {
          [("channel", channel.name.rawValue), ("error", "\(error)")]
        }
      }
      // An event that is being recorded may be newer. No reader has it yet.
      let comments = channel.withState { state -> UInt64? in
        guard state.log.newestEvent == nil, state.recording?.hasBegun != true else { return nil }
        state.newestOwnID = id
        state.newestOfHistory = .known
        return state.log.endOrdinal
      }
      if let comments { post(toAllLanes: .newestEventIsKnown(id, channel, comments: comments)) }
    }
  }
}
