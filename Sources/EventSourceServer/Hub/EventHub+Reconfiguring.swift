import Synchronization

extension EventHub {
  /// Changes the rules of an open channel: retention, slow readers, coalescing. Every rule of
  /// ``ChannelConfiguration`` can be changed; those of the hub and of endpoints are fixed when they are made.
  ///
  /// Any thread. What is published afterwards is retained by the new rules, and what the log holds beyond them is
  /// evicted before this returns. Readers are treated by them from their lanes' next run on, for which the lanes are
  /// woken:
  ///
  /// - A reader that is beyond a new limit is treated as slow at once. One whose next event was evicted is treated as
  ///   any that has fallen out of the log.
  /// - With ``ChannelConfiguration/SlowReaders/newestPerKey``, readers that are behind get only the newest of each key
  ///   of what is published after the change, and everything from before it. Without it, they get everything again.
  /// - A reader that waits for the end of a coalescing window is given its event at that end, or at once if there is no
  ///   window any more.
  ///
  /// A channel that is made on demand has the hub's rules again when it was forgotten; a ``ChannelHandle`` keeps it.
  ///
  /// - Parameters:
  ///   - name: The channel.
  ///   - change: Changes the current rules. It is called again if another thread changes them at the same time. It must
  ///     not call the hub.
  /// - Throws: ``ReconfigurationError``. If it throws, nothing has changed.
  public func reconfigure(
    _ name: ChannelName, _ change: (inout ChannelConfiguration) -> Void
  ) throws(ReconfigurationError) {
    guard let channel = channels.withLock({ $0[name] }) else { throw .unknownChannel(name) }
    try reconfigure(channel, change)
  }

  func reconfigure(
    _ channel: EventChannel, _ change: (inout ChannelConfiguration) -> Void
  ) throws(ReconfigurationError) {
    while true {
      let before = channel.withState { $0.rules }
      var configuration = before.configuration
      change(&configuration)
      do {
        try configuration.validate()
      } catch {
        throw .invalidValue(error)
      }
      let rules = ChannelRules(configuration, hubLimits: self.configuration.log)
      let audiences = channel.withState { state -> [LaneAudience]?? in
        guard !state.isRemoved else { return .some(nil) }
        guard state.rules === before else { return .none }
        state.rules = rules
        channel.isKeyed.store(rules.isKeyed, ordering: .relaxed)
        state.log.setKeyed(rules.isKeyed)
        state.log.keep(rules.limits, owner: owner(of: channel))
        return .some(state.audiences)
      }
      // Somebody else has changed them meanwhile: both changes count.
      guard let audiences else { continue }
      guard let audiences else { throw .unknownChannel(channel.name) }
      noteAge(of: channel)
      for audience in audiences { audience.mailbox.post(.reconfigured(audience)) }
      return
    }
  }
}

/// Why a channel's rules were not changed.
public enum ReconfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no channel of this name, or the handle's channel is removed.
  case unknownChannel(ChannelName)
  /// A value is not allowed.
  case invalidValue(ConfigurationError)

  /// One line for a person.
  public var description: String {
    switch self {
    case .unknownChannel(let name): "there is no channel \"\(name)\""
    case .invalidValue(let error): error.description
    }
  }
}
