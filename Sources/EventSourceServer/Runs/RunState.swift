/// The life of a run. Only ``apply(_:at:_:)`` changes it. It has no I/O and no clock.
///
///     begun, running --finish, fail--> ended --retention--> gone
///        |                               ^
///        +--stop--> stop requested ------+ finish, fail, or the grace is over
///
/// Lanes provide the time. A producer's thread has no clock, so the time of a producer's action is unknown until a lane
/// checks the run. That happens soon, because a lane is woken for it.
struct RunState: Hashable {
  enum Phase: Hashable {
    /// The producer has written nothing yet.
    case begun
    case running
    /// The producer was asked to stop, and may still write its last events.
    case stopRequested(RunStopReason)
    /// It ended and is kept for returning viewers.
    case ended(RunOutcome)
    /// It was discarded.
    case gone
  }

  enum Input: Equatable {
    /// The producer wrote an event.
    case wrote
    case viewerCame
    case viewerLeft
    /// A caller of this process needs the run, or no longer does. Used only for runs of other processes.
    case held
    case released
    /// Another process has viewers of the run.
    case watchedElsewhere
    /// The shared history has an end of the run. The first one that it has is the run's.
    case foundEnd(RunOutcome)
    case finish
    case fail(String)
    case stop(RunStopReason)
    /// The last event is in the history.
    case recorded
    /// A lane checks the time.
    case look
    /// Its memory is needed, or its collection was closed.
    case discard
  }

  /// The effect of a transition.
  enum Effect: Equatable {
    case nothing
    /// Ask the producer to stop.
    case askToStop(RunStopReason)
    /// Write the outcome for the viewers. Nothing is written after it.
    case end(RunOutcome)
    /// The run is over, and its log has the end of the shared history.
    case ended(RunOutcome)
    /// Discard the run.
    case discard
  }

  /// The rules of the collection, in the hub's nanoseconds.
  struct Rules: Equatable {
    var maximumDuration = Int64.never
    var unwatchedLimit = Int64.never
    var stopGrace: Int64 = 0
    var retention: Int64 = 0
    /// The time for which a run of another process is followed without viewers.
    var linger: Int64 = 0
  }

  /// The time when a run is due.
  enum Deadline: Equatable {
    case never
    case at(Int64)
    /// Unknown until a lane checks the run.
    case unknown
  }

  private(set) var phase = Phase.begun
  private(set) var viewers = 0
  /// The number of callers of this process that need a run of another process.
  private var holders = 0
  /// The outcome, which remains when the run is discarded.
  private(set) var outcome: RunOutcome?
  /// Whether its last event is being recorded. The run is not discarded before that, so that the history has its end.
  private(set) var isRecording = false
  /// The times when the run began, when the last viewer left, and when the producer was asked to stop or the run ended.
  /// `nil` if no lane has checked the run since.
  private var begun: Int64?
  private var unwatchedSince: Int64?
  private var phaseSince: Int64?

  /// - Parameter isRecorded: Whether its events are recorded.
  init(isRecorded: Bool = false) { self.isRecorded = isRecorded }

  /// Creates the state of a run that was read from its history.
  init(ended outcome: RunOutcome) {
    phase = .ended(outcome)
    self.outcome = outcome
    isRecorded = true
    wasLoaded = true
  }

  /// Creates the state of a run that another process produces.
  init(followed: ()) {
    phase = .running
    isRecorded = true
    wasLoaded = true
    isFollowed = true
  }

  /// Whether another process produces it.
  private(set) var isFollowed = false

  /// The minimum time for which a run that was read from its history is kept.
  static let loadedRetention: Int64 = 10_000_000_000

  /// Whether it was read from its history.
  private(set) var wasLoaded = false

  private let isRecorded: Bool

  /// Whether the producer may write.
  var isActive: Bool {
    switch phase {
    case .begun, .running, .stopRequested: true
    case .ended, .gone: false
    }
  }

  /// Whether it is kept only for viewers that may return: it ended, or another process produces it.
  var isIdle: Bool {
    if case .ended = phase { return viewers == 0 && !isRecording }
    return isFollowed && phase != .gone && viewers + holders == 0
  }

  /// Returns the deadline of the state. Each state has at most one.
  func deadline(_ rules: Rules) -> Deadline {
    switch phase {
    case .begun, .running:
      if isFollowed { return isIdle ? Self.deadline(unwatchedSince, rules.linger) : .never }
      let duration = Self.deadline(begun, rules.maximumDuration)
      return viewers > 0 ? duration : Self.earlier(duration, Self.deadline(unwatchedSince, rules.unwatchedLimit))
    case .stopRequested: return Self.deadline(phaseSince, rules.stopGrace)
    // Viewers that are still receiving the rest prevent its removal. Each of them ends by its stall timeout at the
    // latest.
    case .ended: return isIdle ? Self.deadline(phaseSince, retention(rules)) : .never
    case .gone: return .never
    }
  }

  private func retention(_ rules: Rules) -> Int64 {
    wasLoaded ? max(rules.retention, Self.loadedRetention) : rules.retention
  }

  mutating func apply(_ input: Input, at now: Int64, _ rules: Rules) -> Effect {
    switch (phase, input) {
    case (.gone, _): return .nothing
    case (_, .discard):
      phase = .gone
      return .discard
    case (_, .viewerCame):
      viewers += 1
      return .nothing
    case (_, .viewerLeft):
      viewers -= 1
      if viewers == 0 { unwatchedSince = now }
      return .nothing
    case (_, .held):
      holders += 1
      return .nothing
    case (_, .released):
      holders -= 1
      unwatchedSince = nil
      return .nothing
    case (_, .watchedElsewhere):
      unwatchedSince = nil
      return .nothing
    case (_, .foundEnd(let outcome)): return foundEnd(outcome)
    case (_, .recorded):
      isRecording = false
      return .nothing
    case (_, .look): return look(at: now, rules)
    case (.begun, .wrote):
      phase = .running
      return .nothing
    case (.running, .wrote), (.stopRequested, .wrote), (.ended, .wrote): return .nothing
    case (_, .finish) where isFollowed, (_, .fail) where isFollowed, (_, .stop) where isFollowed: return .nothing
    case (.begun, .finish), (.running, .finish): return end(.finished)
    case (.begun, .fail(let text)), (.running, .fail(let text)): return end(.failed(text))
    case (.begun, .stop(let reason)), (.running, .stop(let reason)): return stop(reason, rules)
    // The producer stopped because it was asked to, whichever call it used.
    case (.stopRequested(let reason), .finish), (.stopRequested(let reason), .fail): return end(.stopped(reason))
    case (.stopRequested(let reason), .stop(.byteLimit)), (.stopRequested(let reason), .stop(.closed)):
      return end(.stopped(reason))
    case (.stopRequested, .stop), (.ended, .finish), (.ended, .fail), (.ended, .stop): return .nothing
    }
  }

  private mutating func look(at now: Int64, _ rules: Rules) -> Effect {
    begun = begun ?? now
    if viewers == 0 { unwatchedSince = unwatchedSince ?? now }
    if phaseSince == nil, !isBeforeStop { phaseSince = now }
    guard case .at(let moment) = deadline(rules), moment <= now else { return .nothing }
    switch phase {
    case .begun, .running:
      if isFollowed {
        phase = .gone
        return .discard
      }
      return stop(Self.deadline(begun, rules.maximumDuration) == .at(moment) ? .deadline : .unwatched, rules)
    case .stopRequested(let reason): return end(.stopped(reason))
    case .ended:
      phase = .gone
      return .discard
    case .gone: return .nothing
    }
  }

  private var isBeforeStop: Bool { phase == .begun || phase == .running }

  private mutating func stop(_ reason: RunStopReason, _ rules: Rules) -> Effect {
    // Nothing can be written after these reasons, so there is no grace.
    guard rules.stopGrace > 0, reason != .byteLimit, reason != .closed else { return end(.stopped(reason)) }
    phase = .stopRequested(reason)
    phaseSince = nil
    return .askToStop(reason)
  }

  private mutating func foundEnd(_ outcome: RunOutcome) -> Effect {
    guard isActive || isRecording else { return .nothing }
    isRecording = false
    // The end of this process, as the history has it. The history does not say by whom a run was stopped.
    if let known = self.outcome, known.name == outcome.name { return .ended(known) }
    phase = .ended(outcome)
    self.outcome = outcome
    phaseSince = nil
    return .ended(outcome)
  }

  private mutating func end(_ outcome: RunOutcome) -> Effect {
    phase = .ended(outcome)
    self.outcome = outcome
    isRecording = isRecorded
    phaseSince = nil
    return .end(outcome)
  }

  private static func deadline(_ since: Int64?, _ time: Int64) -> Deadline {
    guard time != .never else { return .never }
    return since.map { .at($0 + time) } ?? .unknown
  }

  private static func earlier(_ left: Deadline, _ right: Deadline) -> Deadline {
    switch (left, right) {
    case (.unknown, _), (_, .unknown): .unknown
    case (.never, let other), (let other, .never): other
    case (.at(let left), .at(let right)): .at(min(left, right))
    }
  }
}
