/// Where a stream is in one of its channels: one state with its data, changed by ``apply(_:at:_:)`` alone.
///
///     live ──published──▶ behind ──connection takes no more──▶ conflating (newest of each key)
///      ▲                    │ ▲                                    │
///      └──everything given──┘ └── moved on ── skipping ◀── evicted, too late, too much
///
///     live ──published──▶ held (coalescing window) ──its end──▶ behind
///     replaying: due ▶ queued ▶ asked ▶ answered ▶ sending ▶ due … ──the log goes on──▶ behind
///     every state ──channel removed, everything given──▶ removed
enum SubscriptionState: Equatable {
  /// It has been given everything that the lane knows of.
  case live
  /// Something waits for it, since a moment.
  case behind(since: Int64)
  /// Something waits for it since a moment, and of that it is given only the newest event of each key.
  case conflating(since: Int64)
  /// It is moved on in the log as soon as the connection takes bytes again, and told that events are missing.
  case skipping
  /// Events are coalesced: the newest is given at this moment.
  case held(until: Int64)
  /// What it has missed comes from a history.
  case replaying(ReplayStep)
  /// Nothing more comes: the channel is gone and the reader has been told, or the stream leaves in the middle of a
  /// replay.
  case removed

  /// How far one replay is.
  enum ReplayStep: Equatable {
    /// The history is to be asked for the next batch.
    case due
    /// As many answers are awaited as may be; this one has its turn by then.
    case queued(until: Int64)
    /// It has been asked, and is to have answered by then.
    case asked(until: Int64)
    /// The answer is there and has not been looked at.
    case answered
    /// A batch is being given to the reader.
    case sending
    /// The history may have had an event before the log, and is asked again then.
    case paused(until: Int64)
  }

  /// What happens to it.
  enum Input: Equatable {
    /// The log has more than it was given.
    case published
    /// The connection takes no more for now, and something waits.
    case blocked
    /// It has been given everything that there is.
    case caughtUp
    /// What it has to get next is no longer held. It can't be moved on if it stands within an event.
    case evicted(isWithinEvent: Bool)
    /// More bytes wait for it than the channel allows.
    case backlogExceeded(isWithinEvent: Bool)
    /// It was moved on in the log.
    case moved
    /// The state's deadline has come.
    case deadline(isWithinEvent: Bool)
    /// The replay took a step.
    case replay(ReplayStep)
    /// The replay is over, and the log goes on.
    case joinedLog
    /// The history does not answer.
    case historyFailed
    /// The channel has other rules.
    case reconfigured(isBlocked: Bool)
    /// The reader was told that the channel is gone, or is to go on with its replay when it returns.
    case removed
  }

  /// What the lane has to do then.
  enum Effect: Equatable {
    case nothing
    /// Give it what there is, when the connection takes bytes.
    case serve
    /// Move it on in the log when the connection takes bytes: it is too far behind.
    case skip(DisconnectReason)
    /// End the stream.
    case disconnect(DisconnectReason)
    /// End the stream at an event's end, with a `retry`.
    case sendAway(DisconnectReason)
  }

  /// What the channel and the endpoint say.
  struct Rules: Equatable {
    var slowReaders = ChannelConfiguration.SlowReaders.disconnect
    var maximumLag: Int64?
    /// How long a coalescing window is, 0 if events are not coalesced, and a moment at which one began.
    var window: Int64 = 0
    var windowOrigin: Int64 = 0

    /// The end of the window in which a moment lies: at the same phase of every window.
    func windowEnd(_ now: Int64) -> Int64 { windowOrigin + ((now - windowOrigin) / window + 1) * window }
  }

  /// The moment at which the state has lasted too long, or is over.
  func deadline(_ rules: Rules) -> Int64 {
    switch self {
    // A reader whose events are coalesced is given the newest, however late.
    case .behind(let since): rules.window > 0 ? .never : rules.maximumLag.map { since + $0 } ?? .never
    case .held(let until), .replaying(.queued(let until)), .replaying(.asked(let until)),
      .replaying(.paused(let until)):
      until
    case .live, .conflating, .skipping, .replaying, .removed: .never
    }
  }

  /// Whether the lane has something to do for it as soon as the connection takes bytes.
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
    case (.live, .evicted(let isWithin)): return fallBehind(.behind, isWithin, rules)
    case (.live, _): return .nothing
    case (.held, .deadline):
      self = .behind(since: now)
      return .serve
    case (.held, _): return .nothing
    case (.behind, .caughtUp), (.conflating, .caughtUp):
      self = .live
      return .nothing
    case (.behind(let since), .blocked):
      // A reader whose events are coalesced is not slow: it is given the newest alone.
      if rules.slowReaders == .newestPerKey, rules.window == 0 { self = .conflating(since: since) }
      return .nothing
    case (.behind, .deadline(let isWithin)) where rules.window == 0: return fallBehind(.lag, isWithin, rules)
    case (.behind, .backlogExceeded(let isWithin)) where rules.window == 0 && rules.slowReaders != .newestPerKey:
      return fallBehind(.backlog, isWithin, rules)
    case (.behind, .evicted(let isWithin)), (.conflating, .evicted(let isWithin)):
      return fallBehind(.behind, isWithin, rules)
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
