import EventSourceServer
import EventSourceTesting

/// One request of a reader, and its stream.
final class ReaderVisit {
  /// The number of the request, by which the authorizer knows it.
  let attempt: Int
  let stack: ScheduleStack
  let endpoint: EventStreamHandler.Configuration
  let connection: SimulatedStack.Connection
  unowned let reader: ModelReader
  let sentID: String?
  /// What the stream has: what was asked for, or what was granted.
  var channels: [String]
  /// Its IDs name everything that the reader is given.
  var hasSoundIDs = true
  /// It takes everything at once; and whether it ever did not.
  var isFast = true
  var wasSlow = false
  /// Its stack keeps what the connection does not take, so that it comes later than it is written.
  var keepsBytes = false
  var isDisconnected = false
  var hasLeft = false
  /// When its permission ends.
  var grantEnd: Duration?
  /// When the last one that was decided ends.
  var lastGrantEnd: Duration?
  /// When the first permission may have ended at the earliest.
  var firstGrantEnd: Duration?
  /// The head, by the stack's clock.
  var opened: Duration?
  var lastWrite: Duration = .zero
  var blockedSince: Duration?
  /// What it had of each channel when it was opened.
  var nextAtHead: [String: Int] = [:]
  /// Its end has been judged.
  var isJudged = false
  /// Permissions that were taken back and name it.
  var isRevoked = false
  var hasToEnd = false
  var identity: String?
  /// How many decisions about it the lane knows.
  var decisions = 0
  /// The ID that it sent names everything that it was given before.
  var sentSoundID = false
  var isFullyGranted = true
  /// The lives of its channels when it was opened.
  var livesAtHead: [String: Int] = [:]
  var livesWhenAsked: [String: Int] = [:]
  /// How much of its channels had been published by then, and which had a state.
  var publishedWhenAsked: [String: Int] = [:]
  var hadState: Set<String> = []
  /// Which had events in their life, and of which an event has come since.
  var hadEvents: Set<String> = []
  var received: Set<String> = []
  /// How long its stack's loop had stood still until then.
  var stoodStillWhenAsked = Duration.zero
  var tail: [UInt8] = []
  var firstBytes: [UInt8] = []
  /// When it came, by the stack's clock.
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

  /// It may wait for a channel without end.
  var mayWait: Bool { if case .waits = endpoint.missingChannel { true } else { false } }

  var now: Duration { stack.clock.now }
  var isStreaming: Bool { connection.response.head?.body == .stream && !isOver }
  var isOver: Bool { connection.isFinished || isDisconnected || hasLeft }

  /// What it may become from now on.
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

/// A stack, and what its lane has yet to offer.
final class ScheduleStack {
  /// nil: it was released without having been closed.
  private(set) var stack: SimulatedStack?
  let clock: ManualClock
  let index: Int
  /// Its loop does not run at present.
  var isSuspended = false
  /// How much time has passed while it did not.
  var stoodStill = Duration.zero
  var isClosed = false
  var isDraining = false
  /// What was published since the lane ran last, by channel.
  var unoffered: [String: (events: Int, bytes: Int)] = [:]
  /// How much of each channel had been published by then.
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
