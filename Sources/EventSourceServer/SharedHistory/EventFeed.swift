/// The object through which a shared repository reports the events of one channel to a hub. The hub creates one each
/// time it begins to follow a channel.
///
/// Call it from any thread. Events may come in any order and more than once. The hub appends only the next number, and
/// requests missing events from the repository. It keeps a bounded number of events that come early. A feed that is no
/// longer in use ignores every call. A feed does not retain its hub.
public final class EventFeed: Sendable {
  /// The channel.
  public let channel: ChannelName
  private weak let hub: EventHub?
  private weak let target: EventChannel?

  init(_ channel: EventChannel, of hub: EventHub) {
    self.channel = channel.name
    self.hub = hub
    target = channel
  }

  /// Whether the hub still uses the feed.
  public var isInUse: Bool { target?.withState { $0.follower?.feed === self } ?? false }

  /// Delivers recorded events, in any order.
  public func receive(_ events: [SharedEvent]) {
    guard let hub, let target else { return }
    hub.received(events, from: self, in: target)
  }

  /// Reports that the history has at least one event at or after a position, for example because a check of the
  /// channel's newest event found it. If the hub has not received the event, it asks the repository.
  public func hasReached(_ position: SharedPosition) {
    guard let hub, let target else { return }
    hub.changeOrder(of: target, from: self) { $0.hear(of: position) }
  }

  /// Reports that events may have been lost on the way, for example because a connection broke.
  ///
  /// - Parameter position: The position up to which everything was delivered. `nil` if it is unknown.
  public func lost(after position: SharedPosition?) {
    guard let hub, let target else { return }
    hub.changeOrder(of: target, from: self) { order in
      if position == nil || position != order.end { order.mayHaveLost() }
    }
  }

  /// Reports whether the feed is stale. A stale feed cannot be trusted, for example because the store does not respond.
  /// Events may have been lost while it was stale.
  public func setStale(_ isStale: Bool) {
    guard let hub, let target else { return }
    hub.setStale(isStale, from: self, in: target)
  }
}
