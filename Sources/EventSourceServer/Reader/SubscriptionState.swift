/// The state of a stream in one of its channels. Only ``apply(_:at:_:)`` changes it.
///
///     live ──published──▶ behind ──connection full──▶ conflating (newest of each key)
///      ▲                    │ ▲                         │
///      └──────caught up─────┘ └── resumed ── skipping ◀── fell behind
///
///     live ──published──▶ held (coalescing window) ──window over──▶ behind
///     replaying: due ▶ queued ▶ asked ▶ answered ▶ sending ▶ due … ──reaches the log──▶ behind
///     every state ──channel removed, everything sent──▶ removed
enum SubscriptionState: Equatable {
  /// Caught up with everything that the lane knows of.
  case live
  /// Events have been waiting for it since this time.
  case behind(since: Int64)
  /// Events have been waiting for it since this time, and it gets only the newest of each key.
  case conflating(since: Int64)
  /// It will skip forward in the log when the connection accepts bytes again, and the reader will get a gap event.
  case skipping
  /// Events are being coalesced. The newest is due at this time.
  case held(until: Int64)
  /// Missed events are coming from a history.
  case replaying(ReplayStep)
  /// Nothing more will come: the channel was removed and the reader was notified, or the stream is ending during a
  /// replay.
  case removed

  /// The progress of a replay.
  enum ReplayStep: Equatable {
    /// The next batch must be requested.
    case due
    /// Waiting for a replay slot, until this time at the latest.
    case queued(until: Int64)
    /// Waiting for the history's answer, until this time at the latest.
    case asked(until: Int64)
    /// The answer has arrived and has not been examined.
    case answered
    /// A batch is being sent.
    case sending
    /// The history may have an event before the log does. It is asked again at this time.
    case paused(until: Int64)
  }

  /// An input to the state machine.
  enum Input: Equatable {
    /// The log has more than was sent.
    case published
    /// The connection accepts no more, and something is waiting.
    case blocked
    /// Everything available has been sent.
    case caughtUp
    /// The next event was evicted. Skipping ahead is impossible in the middle of an event.
    case evicted(isWithinEvent: Bool)
    /// The backlog exceeds the channel's limit.
    case backlogExceeded(isWithinEvent: Bool)
    /// It has skipped ahead in the log.
    case moved
    /// The state's deadline has passed.
    case deadline(isWithinEvent: Bool)
    /// The replay has made progress.
    case replay(ReplayStep)
    /// The replay is complete, and the log continues.
    case joinedLog
    /// The history did not answer in time.
    case historyFailed
    /// The channel's rules have changed.
    case reconfigured(isBlocked: Bool)
    /// The reader was notified of the channel's removal, or will continue its replay when it returns.
    case removed
  }

  /// What the lane must do after a transition.
  enum Effect: Equatable {
    case nothing
    /// Send what is available when the connection accepts bytes.
    case serve
    /// Skip ahead in the log when the connection accepts bytes.
    case skip(DisconnectReason)
    /// End the stream.
    case disconnect(DisconnectReason)
    /// End the stream at the end of an event, with a `retry`.
    case sendAway(DisconnectReason)
  }

  /// The rules of the channel and the endpoint.
  struct Rules: Equatable {
    var slowReaders = ChannelConfiguration.SlowReaderPolicy.disconnect
    var maximumLag: Int64?
    /// The length of the coalescing window, 0 without coalescing, and a time at which one began.
    var window: Int64 = 0
    var windowOrigin: Int64 = 0

    /// Returns the end of the window that contains a time.
    func windowEnd(_ now: Int64) -> Int64 { windowOrigin + ((now - windowOrigin) / window + 1) * window }
  }

  /// The time at which the state ends or has lasted too long.
  func deadline(_ rules: Rules) -> Int64 {
    switch self {
    // A coalescing reader gets the newest event, however late.
    case .behind(let since): rules.window > 0 ? .never : rules.maximumLag.map { since + $0 } ?? .never
    case .held(let until), .replaying(.queued(let until)), .replaying(.asked(let until)),
      .replaying(.paused(let until)):
      until
    case .live, .conflating, .skipping, .replaying, .removed: .never
    }
  }

  /// Whether the lane must serve it when the connection accepts bytes.
  var isToBeServed: Bool {
    switch self {
    case .behind, .conflating, .skipping, .replaying(.due), .replaying(.answered), .replaying(.sending): true
    case .live, .held, .replaying, .removed: false
    }
  }

  var isReplaying: Bool { if case .replaying = self { true } else { false } }

  mutating func apply(_ input: Input, at now: Int64, _ rules: Rules) -> Effect {
    switch (self, input) {
    case (.removed, _): return .nothing
    case (_, .removed):
      self = .removed
      return .nothing
    case (.replaying, .joinedLog):
      self = .behind(since: now)
      return .serve
    case (.replaying, .historyFailed): return .sendAway(.repositoryFailed)
    case (.replaying(let step), .deadline):
      guard case .paused = step else { return .sendAway(.repositoryFailed) }
      self = .replaying(.due)
      return .serve
    case (.replaying, .replay(let step)):
      self = .replaying(step)
      return isToBeServed ? .serve : .nothing
    case (_, .replay(let step)):
      self = .replaying(step)
      return .serve
    case (.replaying, _), (_, .joinedLog), (_, .historyFailed): return .nothing
    case (_, .reconfigured(let isBlocked)): return reconfigured(isBlocked, at: now, rules)
    case (.live, .published):
      guard rules.window == 0 else {
        self = .held(until: rules.windowEnd(now))
        return .nothing
      }
      self = .behind(since: now)
      return .serve
    case (.live, .evicted(let isWithin)): return fallBehind(.fellBehind, isWithin, rules)
    case (.live, _): return .nothing
    case (.held, .deadline):
      self = .behind(since: now)
      return .serve
    case (.held, _): return .nothing
    case (.behind, .caughtUp), (.conflating, .caughtUp):
      self = .live
      return .nothing
    case (.behind(let since), .blocked):
      // A coalescing reader is never slow: it gets only the newest event.
      if rules.slowReaders == .newestPerKey, rules.window == 0 { self = .conflating(since: since) }
      return .nothing
    case (.behind, .deadline(let isWithin)) where rules.window == 0: return fallBehind(.lagExceeded, isWithin, rules)
    case (.behind, .backlogExceeded(let isWithin)) where rules.window == 0 && rules.slowReaders != .newestPerKey:
      return fallBehind(.backlog, isWithin, rules)
    case (.behind, .evicted(let isWithin)), (.conflating, .evicted(let isWithin)):
      return fallBehind(.fellBehind, isWithin, rules)
    case (.skipping, .moved):
      self = rules.slowReaders == .newestPerKey ? .conflating(since: now) : .behind(since: now)
      return .serve
    case (.behind, _), (.conflating, _), (.skipping, _): return .nothing
    }
  }

  private mutating func reconfigured(_ isBlocked: Bool, at now: Int64, _ rules: Rules) -> Effect {
    let isConflated = rules.slowReaders == .newestPerKey && rules.window == 0
    switch self {
    case .held where rules.window == 0:
      self = .behind(since: now)
      return .serve
    case .behind(let since) where isConflated && isBlocked: self = .conflating(since: since)
    case .conflating(let since) where !isConflated: self = .behind(since: since)
    case .live, .behind, .conflating, .held, .skipping, .replaying, .removed: break
    }
    return .nothing
  }

  private mutating func fallBehind(_ reason: DisconnectReason, _ isWithinEvent: Bool, _ rules: Rules) -> Effect {
    guard rules.slowReaders != .disconnect, !isWithinEvent else { return .disconnect(reason) }
    self = .skipping
    return .skip(reason)
  }
}
