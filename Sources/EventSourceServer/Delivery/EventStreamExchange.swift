/// One request and its stream: what an adapter holds for a connection, and drives.
///
/// All methods on the thread of the lane that the request was given to, never from within a call that the lane or the
/// handler makes; ``DeliveryLane/run(now:)`` is called afterwards, once for any number of such calls. Everything in
/// here belongs to that thread; the confinement is what makes the class `Sendable`, so that answers from elsewhere can
/// carry it back to its lane.
public final class EventStreamExchange: @unchecked Sendable {
  enum Phase {
    /// Admitted; its first turn opens the stream or asks the authorizer.
    case arrived
    /// Nothing has been written; somebody has yet to allow it.
    case authorizing
    /// It has its places; nothing is written before the repositories have said that no event is missing.
    case resuming
    case open
    case closed
  }

  let lane: DeliveryLane
  let handler: EventStreamHandler
  let response: any EventStreamResponse
  var phase = Phase.arrived
  /// What was asked for; nil once the stream is open.
  var plan: StreamPlan?
  var crossOriginFields: [EventStreamField] = []
  var admission: Admission?
  /// The authorizer's task, how often it has been asked, and the lane's count of revocations when it was asked last.
  var task: Task<Void, Never>?
  var decisions = 0
  var revocations = 0
  /// Who reads, as the authorizer named them.
  var identity: String?
  /// Not nil if the authorizer is asked again.
  var recheck: Recheck?
  var attachments: [Attachment] = []
  /// The last event ID, on a stream of several channels.
  var compositeID: MovingCompositeEventID?

  /// Bytes that are this stream's next, before anything from a log: always whole blocks, or what is left of them.
  var pending: EventStreamBytes?
  /// The stack took less than was offered and has not yet said that it takes more.
  var isStalled = false
  var isInTurns = false
  /// Not nil when the stream ends as soon as it has what is published.
  var leaving: DisconnectReason?
  var hasFarewell = false

  // Moments in the lane's nanoseconds.
  /// A moment in the past from which a coalescing reader's windows are counted.
  var tickOrigin: Int64 = 0
  /// The last write outside of a walk to those in step.
  var lastWrite: Int64 = 0
  var stalledSince = Int64.never
  var lifetimeEnd = Int64.never
  var authorizationEnd = Int64.never
  /// When a repository that was asked has to have answered.
  var answerEnd = Int64.never
  var leaveAt = Int64.never
  var leaveBy = Int64.never
  /// When a coalescing reader may be given the newest event; never, while there is none.
  var nextTick = Int64.never
  /// The moment for which it is in the lane's heap, and its place there.
  var deadline = Int64.never
  var heapIndex = -1
  var laneIndex = 0

  init(lane: DeliveryLane, handler: EventStreamHandler, response: any EventStreamResponse) {
    self.lane = lane
    self.handler = handler
    self.response = response
  }

  /// The stack takes bytes again after a ``EventStreamResponse/write(_:)`` that took less than it was offered.
  public func becameWritable() {
    lane.wasCalled()
    guard phase == .open, isStalled else { return }
    isStalled = false
    lane.giveTurn(to: self)
  }

  /// The peer has left or cannot be reached. The response is not called any more, from now on; harmless when repeated.
  public func peerGone() {
    lane.wasCalled()
    lane.finish(self, .peerGone, ending: nil)
  }

  /// Whether the stream is over or the request was answered completely: the adapter has nothing more to tell.
  public var isFinished: Bool { phase == .closed }
}
