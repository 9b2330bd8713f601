/// The way by which a shared repository tells a hub what happens in one channel. The hub makes one each time it begins
/// to follow a channel.
///
/// Call it from any thread, with events in any order and more than once: the hub appends the next number only, and asks
/// the repository for what is missing. What it keeps of events that come early is bounded. A feed that the hub no
/// longer uses ignores every call. It does not keep its hub in memory.
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

  /// Whether the hub still uses it.
  public var isInUse: Bool { target?.withState { $0.follower?.feed === self } ?? false }

  /// Takes events that were recorded. Their order does not matter.
  public func receive(_ events: [SharedEvent]) {
    guard let hub, let target else { return }
    hub.received(events, from: self, in: target)
  }

  /// Notes that the history has at least one event at or behind a position: a look at the channel's newest event found
  /// it. If the hub has not received it, it asks the repository.
  public func hasReached(_ position: SharedPosition) {
    guard let hub, let target else { return }
    hub.changeOrder(of: target, from: self) { $0.hear(of: position) }
  }

  /// Notes that events may have been lost on the way, for example because a connection broke.
  ///
  /// - Parameter position: Everything up to this one was passed on; nil: that is not known.
  public func lost(after position: SharedPosition?) {
    guard let hub, let target else { return }
    hub.changeOrder(of: target, from: self) { order in
      if position == nil || position != order.end { order.mayHaveLost() }
    }
  }

  /// Notes that what the feed says cannot be trusted at present, for example because the store does not answer, or that
  /// it can be trusted again. Events may have been lost in between.
  public func setStale(_ isStale: Bool) {
    guard let hub, let target else { return }
    hub.setStale(isStale, from: self, in: target)
  }
}
