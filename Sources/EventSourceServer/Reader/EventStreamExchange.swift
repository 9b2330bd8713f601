/// One request and its stream: what an adapter holds for a connection, and drives.
///
/// All methods on the thread of the lane that the request was given to, never from within a call that the lane or the
/// handler makes; ``DeliveryLane/run(now:)`` is called afterwards, once for any number of such calls. Everything in
/// here belongs to that thread; the confinement is what makes the class `Sendable`, so that answers from elsewhere can
/// carry it back to its lane.
public final class EventStreamExchange: @unchecked Sendable {
  /// How far the request is. In this order only, and `closed` from each.
  enum Phase {
    /// Admitted; its first turn opens the stream or asks the authorizer.
    case arrived(StreamPlan)
    /// Nothing has been written; somebody has yet to allow it.
    case authorizing(PendingAuthorization)
    /// A channel that it asks for is not there, and may be opened yet.
    case waiting(ChannelWait)
    /// It has its places; nothing is written before the repositories have said that no event is missing.
    case resuming(StreamPlan)
    /// Events are delivered.
    case open
    /// It ends as soon as it has what is published, or at a moment.
    case leaving(DisconnectReason, by: Int64, hasFinalRetry: Bool)
    case closed
  }

  /// What the response has begun and not ended, and gets next before anything else.
  enum Output: Equatable {
    /// Nothing: it is at a block's end.
    case nothing
    /// Bytes of this stream's own, or what is left of them: whole blocks.
    case own
    /// An event of the log of one of its channels, whose cursor is within the event.
    case event(UInt16)
  }

  weak var lane: DeliveryLane?
  let handler: EventStreamHandler
  let response: any EventStreamResponse
  var phase: Phase
  var output = Output.nothing
  /// The bytes of the output `own`.
  var ownBytes: EventStreamBytes?
  /// Since when the connection takes nothing of what waits for it; never: it takes bytes.
  var blockedSince = Int64.never
  var isQueued = false
  var subscriptions: [Subscription] = []
  /// The names by which the request asked for them, if any differs from the channel's own.
  var requestedNames: [ChannelName]?
  /// Which of its channels is served next.
  var nextToServe = 0
  /// The last event ID of a stream of several channels. Not while it is in a cohort, which has it.
  var composite: CompositeIDWriter?
  /// The cohort that it is in, and its index there.
  var cohort: Cohort?
  var cohortIndex = 0

  var crossOriginFields: [EventStreamField] = []
  var admission: Admission?
  /// Who reads, as the authorizer named them.
  var identity: ExactString?
  /// As the hub's observers know it.
  var occupant: Occupant?
  /// When the permission ends.
  var grantEnd = Int64.never
  /// Not nil if the authorizer is asked again.
  var recheck: Recheck?

  /// A moment in the past from which a coalescing reader's windows are counted.
  var windowOrigin: Int64 = 0
  /// The last write outside of a broadcast.
  var lastWrite: Int64 = 0
  /// The end of the longest time that a stream may take.
  var lifetimeEnd = Int64.never
  /// The moment of its own at which it leaves a lane that drains.
  var leaveAt = Int64.never
  /// The moment for which it is in the lane's heap, and its indices there and in the lane.
  var deadline = Int64.never
  var heapIndex = -1
  var laneIndex = 0

  init(lane: DeliveryLane, handler: EventStreamHandler, response: any EventStreamResponse, phase: Phase) {
    self.lane = lane
    self.handler = handler
    self.response = response
    self.phase = phase
  }

  /// The stack takes bytes again after a ``EventStreamResponse/write(_:)`` that took less than it was offered.
  public func becameWritable() {
    lane?.becameWritable(self)
  }

  /// The peer has left or cannot be reached. The response is not called any more, from now on; harmless when repeated.
  public func peerGone() {
    lane?.peerGone(self)
  }

  /// Whether the stream is over or the request was answered completely: the adapter has nothing more to tell.
  public var isFinished: Bool { if case .closed = phase { true } else { false } }
}

extension EventStreamExchange {
  var isBlocked: Bool { blockedSince != .never }

  /// The head was sent, and the end was not.
  var isStreaming: Bool {
    switch phase {
    case .open, .leaving: true
    default: false
    }
  }

  var isOpen: Bool { if case .open = phase { true } else { false } }

  var isLeaving: Bool { if case .leaving = phase { true } else { false } }

  /// What was asked for; nil once the stream is open.
  var plan: StreamPlan? {
    switch phase {
    case .arrived(let plan), .resuming(let plan): plan
    case .authorizing(let pending): pending.plan
    case .waiting(let wait): wait.plan
    case .open, .leaving, .closed: nil
    }
  }

  func setOwn(_ bytes: EventStreamBytes?) {
    ownBytes = bytes
    output = bytes == nil ? .nothing : .own
  }
}
