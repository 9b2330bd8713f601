import Synchronization

extension EventHub {
  /// Changes the rules of an open channel: retention, slow readers, coalescing. Every rule of ``ChannelConfiguration``
  /// can be changed. The rules of hubs and endpoints are fixed at creation.
  ///
  /// Safe to call from any thread. Events published afterwards are retained by the new rules, and whatever exceeds them
  /// in the log is evicted before this returns. The lanes are woken and apply the new rules to their readers in their
  /// next run:
  ///
  /// - A reader that exceeds a new limit is immediately treated as slow. So is a reader whose next event
  ///   was evicted.
  /// - With ``ChannelConfiguration/SlowReaderPolicy/newestPerKey``, readers that are behind get every event from before
  ///   the change, and of later events only the newest of each key. Without it, they get every event again.
  /// - A reader that waits for the end of a coalescing window gets its event at that end, or immediately if there is no
  ///   longer a window.
  ///
  /// A channel that was created on demand reverts to the hub's rules when it is forgotten. A ``ChannelHandle`` prevents
  /// that.
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
      let rules = ChannelRules(configuration, hubRetention: self.configuration.retention)
      let audiences = channel.withState { state -> [LaneAudience]?? in
        guard !state.isRemoved else { return .some(nil) }
        guard state.rules === before else { return .none }
        state.rules = rules
        channel.isKeyed.store(rules.isKeyed, ordering: .relaxed)
        state.log.setKeyed(rules.isKeyed)
        state.log.keep(rules.limits, owner: owner(of: channel))
        return .some(state.audiences)
      }
      // Another thread changed the rules concurrently. Start again so that both changes count.
      guard let audiences else { continue }
      guard let audiences else { throw .unknownChannel(channel.name) }
      noteAge(of: channel)
      for audience in audiences { audience.mailbox.post(.reconfigured(audience)) }
      return
    }
  }
}

/// The reason why a channel's rules were not changed.
public enum ReconfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no channel with this name, or the handle's channel was removed.
  case unknownChannel(ChannelName)
  /// A value is not allowed.
  case invalidValue(ConfigurationError)

  /// A one-line description.
  public var description: String {
    switch self {
    case .unknownChannel(let name): "there is no channel \"\(name)\""
    case .invalidValue(let error): error.description
    }
  }
}
