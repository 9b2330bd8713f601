import EventSourceServer
import EventSourceTesting

/// One request of a reader, and its stream.
final class ReaderVisit {
  /// The number of the request, by which the authorizer identifies it.
  let attempt: Int
  let stack: ScheduleStack
  let endpoint: EventStreamHandler.Configuration
  let connection: SimulatedStack.Connection
  unowned let reader: ModelReader
  let sentID: String?
  /// The channels of the stream: those requested or, if fewer, those granted.
  var channels: [String]
  /// Whether its IDs cover everything that the reader receives.
  var hasSoundIDs = true
  /// Whether it accepts everything immediately, and whether it ever did not.
  var isFast = true
  var wasSlow = false
  /// Whether its stack buffers what the connection does not accept. Bytes then arrive later than they are written.
  var keepsBytes = false
  var isDisconnected = false
  var hasLeft = false
  /// The time at which its permission ends.
  var grantEnd: Duration?
  /// The time at which the most recent permission ends.
  var lastGrantEnd: Duration?
  /// The earliest time at which the first permission may have ended.
  var firstGrantEnd: Duration?
  /// The time of the head, by the stack's clock.
  var opened: Duration?
  var lastWrite: Duration = .zero
  var blockedSince: Duration?
  /// Its position in each channel when it was opened.
  var nextAtHead: [String: Int] = [:]
  /// Whether its end has been judged.
  var isJudged = false
  /// Whether a revocation names it.
  var isRevoked = false
  var hasToEnd = false
  var identity: String?
  /// The number of decisions about it that the lane knows.
  var decisions = 0
  /// Whether the ID that it sent covers everything that it had received before.
  var sentSoundID = false
  var isFullyGranted = true
  /// The lives of its channels when it was opened.
  var livesAtHead: [String: Int] = [:]
  var livesWhenAsked: [String: Int] = [:]
  /// The number of events published to its channels by the time of the request, and the channels that had a state.
  var publishedWhenAsked: [String: Int] = [:]
  var hadState: Set<String> = []
  /// The channels that had events in their current life, and those from which an event has arrived since.
  var hadEvents: Set<String> = []
  var received: Set<String> = []
  /// The number of runs in a row before which every call of a history had returned, since the head or the last gap.
  var idleRuns = 0
  /// Whether the histories have named their channels' newest events, and the lane knows. It asks in a first run, and an
  /// answer may come in the next one behind events of another channel.
  var hasAnswers: Bool { idleRuns > 1 }
  /// The channels that were open in a run with these answers.
  var answered: Set<String> = []
  /// The time for which its stack's loop had been suspended before the request.
  var stoodStillWhenAsked = Duration.zero
  /// Since when its channels have all been removed, and how long its stack's loop had been suspended by then.
  var missingSince: (time: Duration, stoodStill: Duration)?
  /// When its stream must begin to end at the latest, if its stack has drained it.
  var drainEnd: Duration?
  /// How long its stack's loop had been suspended by then.
  var stoodStillWhenDrained = Duration.zero
  /// Decodes the response, if its head says that it is compressed.
  private(set) lazy var decoder: GzipDecoder? = {
    let isCompressed = connection.response.head?.fields.contains { $0.name == "Content-Encoding" } ?? false
    return isCompressed ? GzipDecoder() : nil
  }()
  var tail: [UInt8] = []
  var firstBytes: [UInt8] = []
  /// The time of its request, by the stack's clock.
  let came: Duration

  init(
    attempt: Int, stack: ScheduleStack, endpoint: EventStreamHandler.Configuration,
    connection: SimulatedStack.Connection, sentID: String?, reader: ModelReader
  ) {
    self.reader = reader
    channels = reader.channels
    self.attempt = attempt
    came = stack.clock.now
    self.stack = stack
    self.endpoint = endpoint
    self.connection = connection
    self.sentID = sentID
  }

  /// Whether it may wait for a channel indefinitely.
  var mayWait: Bool { if case .waits = endpoint.missingChannel { true } else { false } }

  var now: Duration { stack.clock.now }
  var isStreaming: Bool { connection.response.head?.body == .stream && !isOver }
  var isOver: Bool { connection.isFinished || isDisconnected || hasLeft }

  /// From now on, the reader does not accept everything immediately.
  func becomeSlow() {
    isFast = false
    wasSlow = true
  }

  func becomeFast() {
    connection.response.keepLimit = nil
    connection.response.largestWrite = .max
    connection.read()
    isFast = true
  }
}

/// A stack, and the events that its lane has not offered yet.
final class ScheduleStack {
  /// `nil` if it was released without being closed.
  private(set) var stack: SimulatedStack?
  let clock: ManualClock
  let index: Int
  /// Whether its loop is currently suspended.
  var isSuspended = false
  /// The time that has passed while it was suspended.
  var stoodStill = Duration.zero
  var isClosed = false
  var isDraining = false
  /// The events published since the last run of the lane, by channel.
  var unoffered: [String: (events: Int, bytes: Int)] = [:]
  /// The hub's count of segments evicted before every lane had offered them, at the end of the last run.
  var evictedUnoffered = 0
  /// The number of events that each channel had at that time.
  var seen: [String: Int] = [:]

  init(_ stack: SimulatedStack, index: Int) {
    self.stack = stack
    clock = stack.clock
    self.index = index
  }

  func release() {
    stack = nil
    isClosed = true
  }

  var lane: DeliveryLane? { stack?.lane }
}
