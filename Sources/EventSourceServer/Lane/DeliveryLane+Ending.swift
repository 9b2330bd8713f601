internal import EventSourceFormat

/// How a stream ends.
extension DeliveryLane {
  /// A reader that leaves gets so long to take what is published.
  private static let leaveTime: Int64 = 5_000_000_000

  /// The stack is about to close the exchange's connection.
  func drain(_ exchange: EventStreamExchange, over window: Duration) {
    wasCalled()
    scheduleLeave(exchange, within: window.nanoseconds)
  }

  /// Ends the stream at a random moment within so many nanoseconds, and a request that is not yet a stream at their
  /// end.
  func scheduleLeave(_ exchange: EventStreamExchange, within window: Int64) {
    guard !exchange.isFinished, !exchange.isLeaving else { return }
    let isSpread = exchange.isStreaming && window > 0
    exchange.leaveAt = min(exchange.leaveAt, now + (isSpread ? Int64.random(in: 0..<window, using: &random) : window))
    if exchange.leaveAt <= now, exchange.isOpen { leave(exchange, .drained) }
    schedule(exchange)
  }

  /// Ends the stream as soon as the reader has what is published, or at the latest in a few seconds. A replay is not
  /// waited for: the reader goes on with it when it returns.
  func leave(_ exchange: EventStreamExchange, _ reason: DisconnectReason) {
    guard exchange.isOpen else { return }
    leaveCohort(exchange)
    exchange.phase = .leaving(reason, by: now + Self.leaveTime, hasFinalRetry: false)
    exchange.leaveAt = .never
    for subscription in exchange.subscriptions {
      if subscription.state.isReplaying {
        subscription.replay?.request?.cancel()
        subscription.replay = nil
        apply(.removed, to: subscription)
      } else if subscription.channel.hasUnread(behind: subscription.cursor), subscription.state == .live {
        apply(.published, to: subscription)
      }
      // The newest of what is coalesced is given before its time.
      if case .held = subscription.state { apply(.deadline(isWithinEvent: false), to: subscription) }
    }
    if !exchange.isBlocked { enqueue(exchange) }
    schedule(exchange)
  }

  /// The last step of a stream that leaves: a `retry` of its own, then the end.
  func end(_ exchange: EventStreamExchange) {
    guard case .leaving(let reason, let end, let hasFinalRetry) = exchange.phase else { return }
    if !hasFinalRetry, let retry = finalRetry(for: exchange) {
      exchange.phase = .leaving(reason, by: end, hasFinalRetry: true)
      exchange.setOwn(retry)
      enqueue(exchange)
    } else {
      finish(exchange, reason, ending: .complete)
    }
  }

  /// A history failed: the reader is to ask again later.
  func sendAway(_ subscription: Subscription, _ reason: DisconnectReason) {
    let exchange = subscription.exchange
    hub.log(.error, "a repository did not answer in time; the reader is sent away to ask again") {
      [("channel", subscription.channel.name.rawValue)]
    }
    exchange.isStreaming ? leave(exchange, reason) : refuseForNow(exchange)
  }

  /// Ends a stream, once; `ending` nil: the response is not to be called any more.
  func finish(_ exchange: EventStreamExchange, _ reason: DisconnectReason, ending: EventStreamEnding?) {
    guard !exchange.isFinished else { return }
    let wasStreaming = exchange.isStreaming
    let left = hub.occupancy?.countedChannels(of: exchange) ?? []
    close(exchange)
    guard wasStreaming else { return }
    hub.counters.streamEnded(reason)
    hub.occupancy?.left(exchange, left, reason, at: hub.now)
    hub.log(reason.isDrop ? .warning : .debug, "a stream ended") { [("reason", reason.rawValue)] }
    if let ending { exchange.response.end(ending) }
  }

  /// Completes what can be completed: not what is in the middle of an event.
  func ending(for exchange: EventStreamExchange) -> EventStreamEnding {
    exchange.isBlocked || exchange.output != .nothing ? .aborted : .complete
  }

  /// Gives back everything that the exchange has.
  func close(_ exchange: EventStreamExchange) {
    guard !exchange.isFinished else { return }
    leaveCohort(exchange)
    if case .authorizing(let pending) = exchange.phase { pending.cancel() }
    endWaiting(exchange)
    exchange.recheck?.cancel()
    exchange.recheck = nil
    exchange.phase = .closed
    exchange.setOwn(nil)
    deadlines.remove(exchange)
    setIdentity(nil, of: exchange)
    unsubscribe(exchange)
    guard let admission = exchange.admission else { return }
    exchange.admission = nil
    remove(exchange)
    hub.admissions.leave(caller: admission.caller)
  }
}

extension DeliveryLane {
  /// Takes the stream out of all of its channels.
  func unsubscribe(_ exchange: EventStreamExchange) {
    for subscription in exchange.subscriptions { unsubscribe(subscription) }
    exchange.subscriptions = []
  }
}

/// Channels that are removed while they are read.
extension DeliveryLane {
  func subscriptions(of channel: EventChannel) -> [Subscription] {
    guard let audience = audiences[ObjectIdentifier(channel)] else { return [] }
    return audience.idle + audience.waiting
      + audience.cohorts.flatMap(\.members).compactMap { member in
        member.exchange.subscriptions.first { $0.audience === audience }
      }
  }

  func removed(_ channel: EventChannel) {
    for subscription in subscriptions(of: channel) {
      let exchange = subscription.exchange
      if !exchange.isStreaming {
        guard let plan = exchange.plan else { continue }
        channelIsMissing(exchange, plan, channel.name, requestedAs: subscription.requestedName)
      } else if exchange.handler.configuration.channelRemoval == .endsChannel, exchange.subscriptions.count > 1 {
        leaveCohort(exchange)
        if subscription.state.isReplaying { apply(.joinedLog, to: subscription) }
        if !exchange.isBlocked { enqueue(exchange) }
      } else {
        leave(exchange, .channelRemoved)
      }
    }
  }

  /// Says in a stream of several channels which of them are gone, when the reader has all of them; the stream ends with
  /// the last one.
  func tellRemovals(to exchange: EventStreamExchange) {
    guard exchange.subscriptions.count > 1 else { return }
    for subscription in exchange.subscriptions
    where subscription.state == .live && subscription.channel.withState({ $0.isRemoved }) {
      apply(.removed, to: subscription)
      exchange.composite?.leaveOut(Int(subscription.number))
      sendNotice(RemovalEvent(channel: subscription.requestedName).serverSentEvent, to: exchange)
      if subscription.isCounted {
        subscription.isCounted = false
        hub.occupancy?.left(exchange, [subscription.channel.name], .channelRemoved, at: hub.now)
      }
    }
    if exchange.isOpen, exchange.subscriptions.allSatisfy({ $0.state == .removed }) { leave(exchange, .channelRemoved) }
  }
}
