import Synchronization

internal import EventSourceFormat

/// One life of a channel: its log, its readers in each lane, and the history registered for it.
///
/// One lock guards the state. It is held while one small event or a small log is copied, or for a binary search, and
/// never while foreign code runs. Lock order: this lock, then a lane mailbox's or the segment registry's.
final class EventChannel: Sendable {
  struct State {
    var log: ChannelLog
    /// One for each lane that has readers of the channel.
    var audiences: [LaneAudience] = []
    var readers = 0
    /// The newest event's ID, if it was not generated. On a recorded channel it may come from before this life.
    var newestOwnID: EventID?
    var history: ChannelHistory? { didSet { isRecorded = history?.recorder != nil } }
    /// Publications that wait for the recording repository. `nil` until there was one.
    var recording: RecordingQueue?
    /// Whether the application set or removed the repository for this channel. Such a channel is not forgotten.
    var hasExplicitRepository = false
    /// The current rules.
    var rules: ChannelRules
    /// The number of handles. A channel with handles is not forgotten.
    var handles = 0
    /// Whether the channel was removed. Nothing more is published to it, and no reader subscribes.
    var isRemoved = false
    /// Whether the run is over and its last event is in the log. A stream that has received everything then ends.
    var isEnded = false
    /// Whether there is a recorder. A copy, because every publication checks it and accessing the history would retain
    /// it.
    private(set) var isRecorded = false
    /// Knowledge of the newest event in a recording history, before anything was published in this life.
    var newestOfHistory = NewestOfHistory.notAsked

    init(_ rules: ChannelRules, history: ChannelHistory?, recording: RecordingQueue?) {
      log = ChannelLog(isKeyed: rules.isKeyed)
      self.rules = rules
      self.recording = recording
      self.history = history
      isRecorded = history?.recorder != nil
    }

    var repository: (any EventRepository)? { history?.repository }
    /// The repository, if it records.
    var recorder: (any RecordingEventRepository)? { history?.recorder }
    var follower: ChannelFollower? { history?.follower }
  }

  enum NewestOfHistory {
    case notAsked, asked, known
  }

  let name: ChannelName
  let incarnation: UInt64
  /// The prefix of the generated IDs of this life, before the number.
  let idPrefix: String
  /// The run that this channel carries. `nil` for a channel of the hub.
  let run: RunCore?
  private let state: Mutex<State>

  /// Whether events have keys in the log. Publishers compute the keys before they take the lock.
  let isKeyed: Atomic<Bool>
  /// The number of cancelled repository requests that have not returned yet.
  let lateAnswers = Atomic(0)

  init(
    name: ChannelName, incarnation: UInt64, idPrefix: String, _ rules: ChannelRules,
    history: ChannelHistory? = nil, recording: RecordingQueue?, run: RunCore? = nil
  ) {
    self.run = run
    self.name = name
    self.incarnation = incarnation
    self.idPrefix = idPrefix
    isKeyed = Atomic(rules.isKeyed)
    state = Mutex(State(rules, history: history, recording: recording))
  }

  /// Publications that wait for the recording repository. `nil` if there never was one.
  var recording: RecordingQueue? { withState { $0.recording } }

  /// Returns the queue of publications to record, creating it if there is none. Returns `nil` if the channel is
  /// removed.
  func makeRecording() -> RecordingQueue? {
    withState { state in
      guard !state.isRemoved else { return nil }
      let recording = state.recording ?? RecordingQueue(name)
      state.recording = recording
      return recording
    }
  }

  /// Reads or changes the state under the lock.
  func withState<R>(_ body: (inout State) throws -> R) rethrows -> R {
    try state.withLock { state in
      // The lock gives access to one thread at a time. The result is a value, or an object with its own synchronization
      // rule.
      nonisolated(unsafe) let result = try body(&state)
      return result
    }
  }
}
