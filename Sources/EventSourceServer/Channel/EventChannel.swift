import Synchronization

internal import EventSourceFormat

/// One life of a feed: its log, its readers in each lane, and the history registered for it.
///
/// One lock guards the state. It is held for the copying of one small event, or of a small log; or for a binary search;
/// never while foreign code runs. Lock order: this lock, then a lane mailbox's or the segment registry's.
final class EventChannel: Sendable {
  struct State {
    var log: ChannelLog
    /// One for each lane that has readers of the channel.
    var audiences: [LaneAudience] = []
    var readers = 0
    /// The newest event's ID, if it is not a generated one. Of a channel that is recorded it may be one from before
    /// this life.
    var newestOwnID: EventID?
    /// The channel's history.
    var history: ChannelHistory? { didSet { isRecorded = history?.recorder != nil } }
    /// Publications on their way through the recording repository, once there was one.
    var recording: RecordingQueue?
    /// The history is this, or none, because somebody said so for this channel: it is not forgotten.
    var hasExplicitRepository = false
    /// How the channel treats its readers and its past at present.
    var rules: ChannelRules
    /// How many handles there are, which keep it from being forgotten.
    var handles = 0
    /// Nothing is published to it any more, and nobody subscribes.
    var isRemoved = false
    /// Whether the run is over and its last event is in the log. A stream that has everything then ends.
    var isEnded = false
    /// Whether there is a recorder: each publication asks, and to ask the history itself would retain it.
    private(set) var isRecorded = false
    /// What is known of the newest event of a history that records, before anything was published in this life.
    var newestOfHistory = NewestOfHistory.notAsked

    init(_ rules: ChannelRules, history: ChannelHistory?, recording: RecordingQueue?) {
      log = ChannelLog(isKeyed: rules.isKeyed)
      self.rules = rules
      self.recording = recording
      self.history = history
      isRecorded = history?.recorder != nil
    }

    var repository: (any EventRepository)? { history?.repository }
    /// The same, if it records.
    var recorder: (any RecordingEventRepository)? { history?.recorder }
    var follower: ChannelFollower? { history?.follower }
  }

  enum NewestOfHistory {
    case notAsked, asked, known
  }

  let name: ChannelName
  let incarnation: UInt64
  /// What the generated IDs of this life begin with, before the number.
  let idPrefix: String
  /// What makes it a run; nil: a channel of the hub.
  let run: RunCore?
  private let state: Mutex<State>

  /// Whether events have keys in the log, for publishers, which make them before they take the lock.
  let isKeyed: Atomic<Bool>
  /// How many answers of its repository are awaited that have been given up, because they are late.
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

  /// Publications on their way through the recording repository; nil: there never was one.
  var recording: RecordingQueue? { withState { $0.recording } }

  /// The queue of publications to record, made if there is none; nil: the channel is removed.
  func makeRecording() -> RecordingQueue? {
    withState { state in
      guard !state.isRemoved else { return nil }
      let recording = state.recording ?? RecordingQueue(name)
      state.recording = recording
      return recording
    }
  }

  /// Looks at the state, or changes it, under the lock.
  func withState<R>(_ body: (inout State) throws -> R) rethrows -> R {
    try state.withLock { state in
      // The lock gives access to one thread at a time; what comes out of it is a value, or an object with a rule of its
      // own.
      nonisolated(unsafe) let result = try body(&state)
      return result
    }
  }
}
