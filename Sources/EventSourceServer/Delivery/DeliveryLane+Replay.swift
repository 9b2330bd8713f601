internal import EventSourceFormat

extension DeliveryLane {
  /// One batch that a repository is asked for.
  private static let batchEvents = 256
  private static let batchBytes = 256 << 10

  /// The next step of whatever the reader has missed; false: there is none to take now.
  func continueReplay(of exchange: EventStreamExchange) -> Bool {
    guard exchange.leaving == nil else { return false }
    for attachment in exchange.attachments {
      guard let replay = attachment.replay else { continue }
      if let answer = replay.answer {
        attachment.replay?.answer = nil
        use(answer, for: attachment)
        return true
      }
      if replay.task == nil { ask(for: attachment) }
    }
    return false
  }

  /// The mailbox brought a repository's answer.
  func replayed(
    _ exchange: EventStreamExchange, _ attachment: Attachment, _ answer: Result<ReplayAnswer, any Error>
  ) {
    guard exchange.phase == .open, attachment.replay != nil else { return }
    attachment.replay?.task = nil
    attachment.replay?.answer = answer
    giveTurn(to: exchange)
  }

  private func ask(for attachment: Attachment) {
    guard let replay = attachment.replay else { return }
    let request = ReplayRequest(
      channel: attachment.channel.name, lastEventID: replay.lastEventID,
      maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes
    )
    let exchange = attachment.exchange
    attachment.replay?.task = Task(executorPreference: hub.configuration.taskExecutor) {
      [mailbox, repository = replay.repository] in
      let answer: Result<ReplayAnswer, any Error>
      do {
        answer = .success(try await repository.events(for: request))
      } catch {
        answer = .failure(error)
      }
      mailbox.post(.replayed(exchange, attachment, answer))
    }
  }

  private func use(_ answer: Result<ReplayAnswer, any Error>, for attachment: Attachment) {
    switch answer {
    case .success(.contiguous(let events)):
      send(events, to: attachment)
    case .success(.gap(let events)):
      tellGap(attachment, earliest: events.first?.id?.rawValue)
      attachment.exchange.handler.configuration.afterGap == .liveOnly
        ? goLive(attachment) : send(events, to: attachment)
    case .success(.unknownID):
      unknown(attachment)
    case .failure(let error):
      hub.log(.error, "a repository failed; the reader is sent away to ask again") {
        [("channel", attachment.channel.name.rawValue), ("error", "\(error)")]
      }
      leave(attachment.exchange, .repositoryFailed)
    }
  }

  /// The repository has never heard of the ID: the reader is told, and is given what the policy says.
  private func unknown(_ attachment: Attachment) {
    guard let replay = attachment.replay, replay.lastEventID != nil, !replay.hasToldGap else {
      return continueInLog(attachment)
    }
    if attachment.exchange.handler.configuration.afterGap == .liveOnly {
      tellGap(attachment, earliest: nil)
      return goLive(attachment)
    }
    tellGap(attachment, earliest: nil)
    attachment.replay?.lastEventID = nil
  }

  private func send(_ events: [ServerSentEvent], to attachment: Attachment) {
    guard !events.isEmpty else { return continueInLog(attachment) }
    let seam = attachment.channel.withState { state in
      state.log.seam(in: events, sequence: hub.sequence(ofID:), next: state.nextSequence)
    }
    do {
      try enqueue(events.prefix(seam?.count ?? events.count), for: attachment)
    } catch {
      hub.log(.error, "a repository answered an event that cannot be sent; the reader is sent away") {
        [("channel", attachment.channel.name.rawValue), ("error", "\(error)")]
      }
      return leave(attachment.exchange, .repositoryFailed)
    }
    if let seam {
      resume(attachment, at: seam.position)
    } else {
      attachment.replay?.lastEventID = events.last?.id
    }
  }

  /// The repository has nothing more: the log goes on from where it was when the reader came.
  private func continueInLog(_ attachment: Attachment) {
    guard let replay = attachment.replay else { return }
    let start = attachment.channel.withState { $0.log.start }
    if start <= replay.pin { return resume(attachment, at: replay.pin) }
    // The log gave that up meanwhile; a repository that records has it by now.
    if !replay.hasAskedAgain {
      attachment.replay?.hasAskedAgain = true
      return
    }
    tellGap(attachment, earliest: nil)
    resume(attachment, at: start)
  }

  private func goLive(_ attachment: Attachment) {
    resume(attachment, at: attachment.channel.withState { $0.log.end })
  }

  private func resume(_ attachment: Attachment, at position: UInt64) {
    attachment.replay = nil
    attachment.cursor = position
    attachment.ordinal = attachment.channel.withState { $0.log.ordinal(of: position) }
  }

  /// Says in the stream that events are missing, once for a replay.
  func tellGap(_ attachment: Attachment, earliest: String?) {
    guard attachment.replay?.hasToldGap != true else { return }
    attachment.replay?.hasToldGap = true
    tally.gaps += 1
    let event = GapEvent(
      channel: attachment.channel.name, lastEventID: attachment.lastEventID ?? "", earliestHeld: earliest
    )
    try? enqueue([event.serverSentEvent], for: attachment)
  }

  /// Puts events before everything from a log, in memory that is charged to the hub's budget.
  func enqueue(_ events: some Collection<ServerSentEvent>, for attachment: Attachment) throws {
    let exchange = attachment.exchange
    let stamped = exchange.attachments.count == 1 ? Array(events) : events.map { stamp($0, of: attachment) }
    let byteCount = try stamped.reduce(exchange.pending?.count ?? 0) { try $0 + EventStreamEncoder.byteCount(of: $1) }
    exchange.pending = LogSegment.holding(byteCount: byteCount, budget: hub.budget) { memory in
      var used = exchange.pending?.copy(to: memory) ?? 0
      for event in stamped {
        used += EventStreamEncoder.write(event, to: UnsafeMutableRawBufferPointer(rebasing: memory[used...]))
      }
    }
    tally.delivered += stamped.count
    tally.replayed += stamped.count
  }
}
