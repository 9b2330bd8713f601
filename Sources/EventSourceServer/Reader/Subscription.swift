/// A stream's subscription to one channel. `Sendable` because it is confined to the lane's thread.
final class Subscription: @unchecked Sendable {
  /// The audience's list that contains it.
  enum List {
    /// None: its stream is in a cohort, which has its cursor.
    case cohort
    /// Caught up: a broadcast checks whether there is more.
    case idle
    /// Scheduled to be served.
    case waiting
  }

  unowned let session: EventStreamSession
  /// Its index in the session.
  let number: UInt16
  let audience: LaneAudience
  /// Changed only by ``DeliveryLane/apply(_:to:)``.
  var state = SubscriptionState.live
  /// The reader's cursor in the log, and the number of blocks before it. Not used while the stream is in a cohort.
  var cursor: UInt64
  var ordinal: UInt64
  /// Maintained by the audience.
  var list = List.waiting
  var listIndex = 0
  /// The replay, in the state `replaying`.
  var replay: Replay?
  /// Whether it was reported to the hub's observers.
  var isCounted = false
  /// Whether it is counted as a viewer of its run.
  var isViewing = false
  /// Events that the reader got from a history and that have not reached the log.
  var replayed: ReplayedTail?

  init(session: EventStreamSession, audience: LaneAudience, cursor: UInt64, ordinal: UInt64) {
    self.session = session
    number = UInt16(session.subscriptions.count)
    self.audience = audience
    self.cursor = cursor
    self.ordinal = ordinal
  }

  var channel: EventChannel { audience.channel }

  /// Whether the reader can be sent the log's bytes unchanged.
  var isPlain: Bool {
    guard case .behind = state else { return false }
    return needsNoRewriting
  }

  /// Whether a short write may have left the response in the middle of an event without any other record of it, because
  /// the reader was being sent the log's bytes unchanged.
  var mayBeWithinEvent: Bool {
    guard needsNoRewriting else { return false }
    return switch state {
    case .behind, .conflating: true
    case .live, .held, .skipping, .replaying, .removed: false
    }
  }

  /// Whether this reader gets every event of the log unchanged. Its stream has one channel, so IDs are not composite.
  /// Nothing that was replayed is still to come from the log. Events are not coalesced, and the response is an event
  /// stream.
  private var needsNoRewriting: Bool {
    session.subscriptions.count == 1 && replayed == nil && window == 0 && !session.isJSONLines
  }

  /// Whether the response is in the middle of one of this channel's events.
  var isWithinEvent: Bool { session.output == .event(number) }

  var rules: SubscriptionState.Rules {
    SubscriptionState.Rules(
      slowReaders: audience.rules.slowReaders, maximumLag: audience.rules.maximumLag,
      window: window, windowOrigin: session.windowOrigin)
  }

  /// The length of the coalescing window. 0 means that events are not coalesced.
  var window: Int64 { audience.rules.coalescingWindow ?? session.handler.coalescingWindow }

  /// The name by which the reader requested the channel, used in all messages to the reader.
  var requestedName: ChannelName { session.requestedNames?[Int(number)] ?? channel.name }

  /// Whether the reader requested the channel by another name. The channel's own name is not revealed to it.
  var isAliased: Bool { session.requestedNames.map { $0[Int(number)] != channel.name } ?? false }
}
