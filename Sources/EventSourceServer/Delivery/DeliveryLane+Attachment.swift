internal import EventSourceFormat

/// Where a reader begins in its channels, and how it leaves them.
extension DeliveryLane {
  /// Where the log, a repository and the policy say that a reader begins.
  private enum Beginning {
    case at(UInt64)
    case replay(Replay)
    case gap(UInt64, earliest: String?)
  }

  /// Gives the reader its places.
  ///
  /// - Returns: The first channel of which events are known to be missing.
  func attach(
    _ exchange: EventStreamExchange, _ channels: [EventChannel], lastEventID: String?
  ) -> ChannelName? {
    let composite = lastEventID.flatMap(CompositeEventID.init(parsing:))
    var gaps: [(attachment: Attachment, gap: Gap)] = []
    if channels.count > 1 { exchange.compositeID = MovingCompositeEventID() }
    for channel in channels {
      var id = composite?[channel.name.rawValue]
      // A plain ID belongs to one channel, and on a stream of several nobody can say to which.
      if id == nil, let lastEventID, composite == nil || channels.count == 1 { id = lastEventID }
      let (attachment, gap) = attach(exchange, to: channel, after: id)
      if let gap { gaps.append((attachment, gap)) }
    }
    // Told when all channels are there, because the IDs on the stream name them all.
    for (attachment, gap) in gaps {
      tellGap(attachment, after: gap.lastEventID, earliest: gap.earliest)
      if case .snapshot(let provider) = exchange.handler.configuration.afterGap {
        askForSnapshot(provider, for: attachment)
      }
    }
    return gaps.first?.attachment.channel.name
  }

  private struct Gap {
    var lastEventID: String?
    var earliest: String?
  }

  private func attach(
    _ exchange: EventStreamExchange, to channel: EventChannel, after id: String?
  ) -> (Attachment, Gap?) {
    let configuration = exchange.handler.configuration
    let (attachment, gap, isNew) = channel.withState { state -> (Attachment, Gap?, Bool) in
      // In the same moment: the lane is told of what is published from now on, and the reader's place is chosen.
      let known = audiences[ObjectIdentifier(channel)]
      let audience = known ?? LaneAudience(channel: channel, mailbox: mailbox, log: state.log)
      if known == nil { state.audiences.append(audience) }
      let attachment = Attachment(exchange: exchange, audience: audience, cursor: state.log.end, ordinal: 0)
      // On a stream of several channels the reader gets a place in each at once, also in one that is quiet.
      exchange.compositeID?.append(
        channel: channel.name.rawValue,
        id: id ?? state.log.newestID ?? "\(hub.epoch)-\(state.nextSequence - 1)")
      var gap: Gap?
      switch beginning(after: id, in: state, configuration) {
      case .at(let position):
        attachment.cursor = position
      case .replay(let replay):
        attachment.replay = replay
      case .gap(let position, let earliest):
        attachment.cursor = position
        gap = Gap(lastEventID: id, earliest: earliest)
      }
      attachment.ordinal = state.log.ordinal(of: attachment.cursor)
      return (attachment, gap, known == nil)
    }
    if isNew { audiences[ObjectIdentifier(channel)] = attachment.audience }
    attachment.audience.insert(attachment)
    exchange.attachments.append(attachment)
    return (attachment, gap)
  }

  private func beginning(
    after id: String?, in state: EventChannel.State, _ configuration: EventStreamHandler.Configuration
  ) -> Beginning {
    let log = state.log
    guard let id else {
      guard configuration.replaysWithoutLastEventID else { return .at(log.end) }
      return state.repository.map { .replay(Replay(repository: $0, pin: log.start)) } ?? .at(log.start)
    }
    if let position = log.position(after: id, sequence: hub.sequence(ofID: id), next: state.nextSequence) {
      return .at(position)
    }
    if let repository = state.repository {
      return .replay(Replay(repository: repository, lastEventID: EventID(unchecked: id), pin: log.start))
    }
    let earliest = log.oldestID
    if case .replayHeld = configuration.afterGap { return .gap(log.start, earliest: earliest) }
    return .gap(log.end, earliest: earliest)
  }

  /// Ends a stream, once; `ending` nil: the response is not to be called any more.
  func finish(_ exchange: EventStreamExchange, _ reason: DisconnectReason, ending: EventStreamEnding?) {
    guard exchange.phase != .closed else { return }
    let wasOpen = exchange.phase == .open
    close(exchange)
    if wasOpen {
      hub.counters.streamEnded(reason)
      hub.log(reason.isDrop ? .warning : .debug, "a stream ended") { [("reason", reason.rawValue)] }
      if let ending { exchange.response.end(ending) }
    }
  }

  /// Completes what can be completed: not what is in the middle of an event.
  func ending(for exchange: EventStreamExchange) -> EventStreamEnding {
    exchange.isStalled || exchange.pending != nil ? .aborted : .complete
  }

  /// Gives back everything that the exchange has.
  func close(_ exchange: EventStreamExchange) {
    guard exchange.phase != .closed else { return }
    exchange.phase = .closed
    exchange.task?.cancel()
    exchange.task = nil
    exchange.plan = nil
    exchange.pending = nil
    exchange.recheck = nil
    deadlines.remove(exchange)
    for attachment in exchange.attachments { detach(attachment) }
    exchange.attachments = []
    guard let admission = exchange.admission else { return }
    exchange.admission = nil
    remove(exchange)
    for channel in admission.channels {
      channel.withState { $0.readers -= 1 }
      hub.forgetIfUnused(channel)
    }
    hub.admissions.leave(caller: admission.caller)
  }

  private func detach(_ attachment: Attachment) {
    attachment.replay?.task?.cancel()
    attachment.replay = nil
    let audience = attachment.audience
    audience.remove(attachment)
    guard audience.isEmpty else { return }
    audiences[ObjectIdentifier(audience.channel)] = nil
    let isLastOfRemoved = audience.channel.withState { state in
      state.audiences.removeAll { $0 === audience }
      return state.isRemoved && state.audiences.isEmpty
    }
    if isLastOfRemoved { hub.giveUpAll(of: audience.channel) }
  }
}
