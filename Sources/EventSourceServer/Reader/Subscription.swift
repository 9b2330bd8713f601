/// One of a stream's channels. Belongs to the lane's thread; that confinement is what makes the class `Sendable`.
final class Subscription: @unchecked Sendable {
  /// The list of its audience that it is in.
  enum List {
    /// None: its stream is in a cohort, which knows its cursor.
    case cohort
    /// It has everything: a broadcast looks whether there is more.
    case idle
    /// It has something coming.
    case waiting
  }

  unowned let exchange: EventStreamExchange
  /// Its index among those of the exchange.
  let number: UInt16
  let audience: LaneAudience
  /// Changed by ``DeliveryLane/apply(_:to:)`` alone.
  var state = SubscriptionState.live
  /// Up to where the reader has been given the log, and how many blocks that is. Not while it is in a cohort.
  var cursor: UInt64
  var ordinal: UInt64
  /// Kept by the audience.
  var list = List.waiting
  var listIndex = 0
  /// What comes from a history, in the state `replaying`.
  var replay: Replay?
  /// It has been told to the hub's observers.
  var isCounted = false
  /// Events that the reader has from a history and that the log gets yet.
  var replayed: ReplayedTail?

  init(exchange: EventStreamExchange, audience: LaneAudience, cursor: UInt64, ordinal: UInt64) {
    self.exchange = exchange
    number = UInt16(exchange.subscriptions.count)
    self.audience = audience
    self.cursor = cursor
    self.ordinal = ordinal
  }

  var channel: EventChannel { audience.channel }

  /// The reader is given the log's bytes as they are.
  var isPlain: Bool {
    guard case .behind = state else { return false }
    return exchange.subscriptions.count == 1 && replayed == nil && window == 0
  }

  /// The response has begun an event of this channel and not ended it.
  var isWithinEvent: Bool { exchange.output == .event(number) }

  var rules: SubscriptionState.Rules {
    SubscriptionState.Rules(
      slowReaders: audience.rules.slowReaders, maximumLag: audience.rules.maximumLag,
      window: window, windowOrigin: exchange.windowOrigin)
  }

  /// How long a coalescing window is; 0: events are not coalesced.
  var window: Int64 { audience.rules.coalescingWindow ?? exchange.handler.coalescingWindow }

  /// The name by which the request asked for the channel, and by which the reader is told of it.
  var requestedName: ChannelName { exchange.requestedNames?[Int(number)] ?? channel.name }

  /// The reader asked by another name, and is not shown the channel's own.
  var isAliased: Bool { exchange.requestedNames.map { $0[Int(number)] != channel.name } ?? false }
}
