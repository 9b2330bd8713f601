/// A request and its stream, as an adapter keeps it for a connection.
///
/// Call all methods on the lane's thread, never from within a call by the lane or the handler. Afterwards call
/// ``DeliveryLane/run(now:)``, once for any number of such calls. The class is `Sendable` because it is confined to
/// that thread; results from elsewhere carry it back to its lane.
public final class EventStreamSession: DeadlineHeapMember, @unchecked Sendable {
  /// The phase of the request. Phases follow in this order; each can be followed by `closed`.
  enum Phase {
    /// Admitted. The next run opens the stream or asks the authorizer.
    case arrived(StreamPlan)
    /// Waiting for the authorizer. Nothing has been written.
    case authorizing(PendingAuthorization)
    /// Waiting for the application's response. Nothing has been written.
    case answering(PendingAnswer)
    /// Waiting for a requested channel that does not exist and may still be opened.
    case waiting(ChannelWait)
    /// Waiting for a requested shared channel to be followed. Nothing has been written.
    case following(FollowWait)
    /// Subscribed, but nothing is written until the repositories have confirmed that no event is missing.
    case resuming(StreamPlan)
    /// Delivering events.
    case open
    /// Ending as soon as everything published has been sent, or at this time.
    case leaving(DisconnectReason, by: Int64, hasFinalRetry: Bool)
    case closed
  }

  /// What the response has begun and must complete before anything else.
  enum Output: Equatable {
    /// Nothing: the response is between two blocks.
    case nothing
    /// The stream's own bytes, whole blocks, or their remainder.
    case own
    /// An event in the log of one of its channels, whose cursor is within that event.
    case event(UInt16)
  }

  weak var lane: DeliveryLane?
  let handler: EventStreamHandler
  let response: any EventStreamResponse
  var phase: Phase
  var output = Output.nothing
  /// The bytes of `Output.own`.
  var ownBytes: EventStreamBytes?
  /// The gzip coding of the response. `nil` without a coding.
  var encoder: ContentEncoder?
  /// The time at which the connection stopped accepting bytes. `never` while it accepts them.
  var blockedSince = Int64.never
  var isQueued = false
  /// Whether a run is sent as JSON lines when it is over.
  var isJSONLines = false
  var subscriptions: [Subscription] = []
  /// The names by which the request asked for the channels, if any differs from the channel's own.
  var requestedNames: [ChannelName]?
  /// The channel to serve next.
  var nextToServe = 0
  /// The composite ID of a stream with several channels. While in a cohort, the cohort has it.
  var composite: CompositeIDWriter?
  /// Its cohort, and its index there.
  var cohort: Cohort?
  var cohortIndex = 0

  var crossOriginFields: [HeaderField] = []
  var admission: Admission?
  /// The reader's identity, from the authorizer.
  var identity: ExactString?
  /// The stream as reported to the hub's observers.
  var occupant: Occupant?
  /// The time at which the grant expires.
  var grantEnd = Int64.never
  /// Not `nil` if the authorizer is asked repeatedly.
  var recheck: Recheck?

  /// The origin of the coalescing windows, in the past.
  var windowOrigin: Int64 = 0
  /// The time of the last write outside of a broadcast.
  var lastWrite: Int64 = 0
  /// The time at which the maximum connection time ends.
  var lifetimeEnd = Int64.never
  /// The time at which it ends in a draining lane.
  var leaveAt = Int64.never
  /// Its deadline in the lane's heap, and its indices there and in the lane.
  var deadline = Int64.never
  var heapIndex = -1
  var laneIndex = 0

  init(lane: DeliveryLane, handler: EventStreamHandler, response: any EventStreamResponse, phase: Phase) {
    self.lane = lane
    self.handler = handler
    self.response = response
    self.phase = phase
  }

  /// Tells the lane that the stack accepts bytes again after a short ``EventStreamResponse/write(_:)``.
  public func becameWritable() {
    lane?.becameWritable(self)
  }

  /// Tells the lane that the peer has disconnected. The response is not called again. Further calls have no effect.
  public func peerDisconnected() {
    lane?.peerDisconnected(self)
  }

  /// Ends this stream at a random time within a window, as ``DeliveryLane/drain(over:)`` does for all streams. The
  /// reader gets everything published until then and its own `retry`. Use it for a connection that its server is about
  /// to close.
  ///
  /// A request that is not yet a stream gets 503 at the end of the window. Has no effect on a stream that is ending.
  public func drain(over window: Duration) {
    lane?.drain(self, over: window)
  }

  /// Whether the stream has ended or the response is complete. The adapter has nothing more to report.
  public var isFinished: Bool { if case .closed = phase { true } else { false } }
}

extension EventStreamSession {
  var isBlocked: Bool { blockedSince != .never }

  /// Whether the head has been sent and the response has not ended.
  var isStreaming: Bool {
    switch phase {
    case .open, .leaving: true
    default: false
    }
  }

  var isOpen: Bool { if case .open = phase { true } else { false } }

  var isLeaving: Bool { if case .leaving = phase { true } else { false } }

  /// The plan of the stream. `nil` once it is open.
  var plan: StreamPlan? {
    switch phase {
    case .arrived(let plan), .resuming(let plan): plan
    case .authorizing(let pending): pending.plan
    case .waiting(let wait): wait.plan
    case .following(let wait): wait.plan
    case .answering, .open, .leaving, .closed: nil
    }
  }

  func setOwn(_ bytes: EventStreamBytes?) {
    ownBytes = bytes
    output = bytes == nil ? .nothing : .own
  }
}
