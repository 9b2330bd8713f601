internal import EventSourceFormat

/// What a reader has missed and the log no longer holds: asked of the repository in batches, one at a time, and given
/// to the reader in pieces, as fast as it takes them.
extension DeliveryLane {
  /// One batch that a repository is asked for.
  private static let batchEvents = 256
  private static let batchBytes = 64 << 10
  /// How often a repository may say in one replay that events are missing.
  private static let mostGaps = 8
  /// How long the end of a recording is waited for before it is looked at again, in nanoseconds.
  private static let recordingPause: Int64 = 20_000_000
  /// How long a repository may take for one, in nanoseconds.
  private static let answerTime: Int64 = 30_000_000_000

  /// The next step of whatever the reader has missed; false: there is none to take now.
  func continueReplay(of exchange: EventStreamExchange) -> Bool {
    guard exchange.leaving == nil else { return false }
    for attachment in exchange.attachments {
      guard let replay = attachment.replay else { continue }
      if !replay.batch.isEmpty {
        sendPiece(to: attachment)
        return true
      }
      if let position = replay.seam {
        attachment.replay?.seam = nil
        // If the log gave that up meanwhile, the repository is asked for what comes next.
        if attachment.channel.withState({ $0.log.start <= position }) { resume(attachment, at: position) }
        return true
      }
      if let answer = replay.answer {
        attachment.replay?.answer = nil
        use(answer, for: attachment)
        return true
      }
      if replay.task == nil, !replay.isInLine, replay.pausedUntil == .never || replay.pausedUntil <= now {
        ask(for: attachment)
      }
    }
    return false
  }

  /// The reader takes nothing for now: what it was answered and has not been given is let go of, and asked for again.
  func holdReplays(of exchange: EventStreamExchange) {
    for attachment in exchange.attachments where attachment.replay?.isRepeatable == true {
      attachment.replay?.batch = []
      attachment.replay?.seam = nil
    }
  }

  /// As many answers are awaited at a time as fit into an eighth of the hub's memory; the others stand in line.
  private var mostAsked: Int { min(max(hub.configuration.maximumBytes / 8 / Self.batchBytes, 4), 256) }

  func ask(for attachment: Attachment) {
    guard let replay = attachment.replay else { return }
    attachment.replay?.pausedUntil = .never
    guard asked < mostAsked else {
      attachment.replay?.isInLine = true
      askers.append(attachment)
      return
    }
    asked += 1
    let exchange = attachment.exchange
    exchange.answerEnd = now + Self.answerTime
    let request = ReplayRequest(
      channel: attachment.channel.name, lastEventID: replay.lastEventID,
      maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes
    )
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

  /// The mailbox brought a repository's answer.
  func replayed(
    _ exchange: EventStreamExchange, _ attachment: Attachment, _ answer: Result<ReplayAnswer, any Error>
  ) {
    asked -= 1
    askNextInLine()
    guard exchange.phase == .open || exchange.phase == .resuming, attachment.replay != nil else { return }
    attachment.replay?.task = nil
    attachment.replay?.answer = answer
    exchange.answerEnd = .never
    exchange.phase == .resuming ? answered(exchange, attachment) : giveTurn(to: exchange)
  }

  /// A repository that was asked has not answered: the reader is sent away to ask again.
  func answerIsLate(_ exchange: EventStreamExchange) {
    exchange.answerEnd = .never
    hub.log(.error, "a repository did not answer in time; the reader is sent away to ask again")
    leave(exchange, .repositoryFailed)
  }

  private func askNextInLine() {
    while asked < mostAsked, let attachment = askers.popFirst() {
      // Who left has no replay any more.
      guard attachment.replay != nil else { continue }
      attachment.replay?.isInLine = false
      ask(for: attachment)
      schedule(attachment.exchange)
    }
  }

  private func use(_ answer: Result<ReplayAnswer, any Error>, for attachment: Attachment) {
    switch answer {
    case .success(.contiguous(let events)):
      take(events, for: attachment)
    case .success(.gap(let events)):
      missing(attachment, held: events)
    case .success(.unknownID):
      unknown(attachment)
    case .failure(let error):
      hub.log(.error, "a repository failed; the reader is sent away to ask again") {
        [("channel", attachment.channel.name.rawValue), ("error", "\(error)")]
      }
      leave(attachment.exchange, .repositoryFailed)
    }
  }

  /// The repository has never heard of the ID.
  private func unknown(_ attachment: Attachment) {
    guard let replay = attachment.replay, replay.lastEventID != nil, !replay.isFromBeginning else {
      return continueInLog(attachment)
    }
    missing(attachment, held: nil)
  }

  /// The repository no longer has everything: the reader is told, and is given what the endpoint's rule says.
  ///
  /// - Parameter held: The earliest events that it has; nil: they have to be asked for.
  private func missing(_ attachment: Attachment, held: [ServerSentEvent]?) {
    guard let replay = attachment.replay else { return }
    guard replay.gaps < Self.mostGaps else {
      hub.log(.error, "a repository says again and again that events are missing; the reader is sent away") {
        [("channel", attachment.channel.name.rawValue)]
      }
      return leave(attachment.exchange, .repositoryFailed)
    }
    attachment.replay?.gaps += 1
    tellGap(attachment, after: replay.lastEventID?.rawValue, earliest: held?.first?.id?.rawValue)
    switch attachment.exchange.handler.configuration.afterGap {
    case .replayHeld, .refuse:
      attachment.replay?.isFromBeginning = true
      attachment.replay?.lastEventID = nil
      if let held { take(held, for: attachment) }
    case .liveOnly:
      resume(attachment, at: attachment.channel.withState { $0.log.end })
    case .snapshot(let provider):
      askForSnapshot(provider, for: attachment)
    }
  }

  /// The state comes as a history of one batch, after which the log goes on: from the event that it names, or from now.
  func askForSnapshot(_ provider: any SnapshotProvider, for attachment: Attachment) {
    let end = attachment.channel.withState { $0.log.end }
    attachment.replay = Replay(repository: SnapshotHistory(provider), pin: end, isRepeatable: false)
  }

  private func take(_ events: [ServerSentEvent], for attachment: Attachment) {
    guard let replay = attachment.replay else { return }
    let seam = attachment.channel.withState { state -> (count: Int, position: UInt64)? in
      // What the reader was given last has reached the log since: it continues behind it.
      if let id = replay.lastEventID, let position = position(after: id, in: state) { return (0, position) }
      return state.log.seam(in: events, sequence: hub.sequence(ofID:), next: state.nextSequence)
    }
    guard seam != nil || !events.isEmpty else { return continueInLog(attachment) }
    attachment.replay?.batch = events[..<(seam?.count ?? events.count)]
    attachment.replay?.seam = seam?.position
  }

  private func position(after id: EventID, in state: EventChannel.State) -> UInt64? {
    state.log.position(after: id.rawValue, sequence: hub.sequence(ofID: id.rawValue), next: state.nextSequence)
  }

  /// Makes the next events of a batch the exchange's pending bytes.
  private func sendPiece(to attachment: Attachment) {
    guard let replay = attachment.replay else { return }
    do {
      var piece: [ServerSentEvent] = []
      var byteCount = 0
      for event in replay.batch where byteCount < Self.copiedBytes {
        guard event.id?.rawValue.isEmpty != true, event.id != nil || !replay.isRepeatable else {
          throw PublishError.emptyID
        }
        piece.append(event)
        byteCount += try EventStreamEncoder.byteCount(of: event)
      }
      try enqueue(piece, for: attachment)
      attachment.replay?.batch = replay.batch.dropFirst(piece.count)
      attachment.replay?.lastEventID = piece.last?.id
      attachment.replay?.isFromBeginning = false
      let recent = replay.recentIDs + piece.compactMap(\.id?.rawValue)
      attachment.replay?.recentIDs = recent.suffix(Replay.mostRecent)
      tally.delivered += piece.count
      tally.replayed += piece.count
    } catch {
      hub.log(.error, "a repository answered an event that cannot be sent; the reader is sent away") {
        [("channel", attachment.channel.name.rawValue), ("error", "\(error)")]
      }
      leave(attachment.exchange, .repositoryFailed)
    }
  }

  /// The repository has nothing more: the log goes on from where it was when the reader came.
  private func continueInLog(_ attachment: Attachment) {
    guard let replay = attachment.replay else { return }
    let state = attachment.channel.withState {
      (start: $0.log.start, next: $0.nextSequence, isRecorded: $0.recorder != nil)
    }
    if state.isRecorded, replay.lastEventID != nil, attachment.channel.recording.isBusy {
      // The reader's last event may be one that is just being recorded: then it will be in the log.
      attachment.replay?.pausedUntil = now + Self.recordingPause
      return
    }
    // The hub's own IDs are counted, so this one is known not to be followed by what the log holds.
    let isCounted = replay.lastEventID.flatMap { hub.sequence(ofID: $0.rawValue) }.map { $0 < state.next } ?? false
    if state.start <= replay.pin, !isCounted {
      // An event may be in the history before it is in the log; when it gets there it is not sent again.
      if !replay.recentIDs.isEmpty { attachment.replayedIDs = Set(replay.recentIDs) }
      return resume(attachment, at: replay.pin)
    }
    // The log gave that up meanwhile; a repository that records has it by now.
    if !replay.hasAskedAgain, replay.isRepeatable {
      attachment.replay?.hasAskedAgain = true
      return
    }
    switch attachment.exchange.handler.configuration.afterGap {
    case .refuse:
      // It was not known when the stream was opened; the reader is refused when it returns.
      leave(attachment.exchange, .behind)
    case .snapshot(let provider) where replay.isRepeatable:
      tellGap(attachment, after: replay.lastEventID?.rawValue, earliest: nil)
      askForSnapshot(provider, for: attachment)
    case .replayHeld, .liveOnly, .snapshot:
      tellGap(attachment, after: replay.lastEventID?.rawValue, earliest: nil)
      resume(attachment, at: state.start)
    }
  }

  private func resume(_ attachment: Attachment, at position: UInt64) {
    attachment.replay = nil
    attachment.cursor = position
    attachment.ordinal = attachment.channel.withState { $0.log.ordinal(of: position) }
  }

  /// Says in the stream that events are missing.
  func tellGap(_ attachment: Attachment, after lastEventID: String?, earliest: String?) {
    tally.gaps += 1
    let event = GapEvent(channel: attachment.channel.name, lastEventID: lastEventID, earliestHeld: earliest)
    do {
      try enqueue([event.serverSentEvent], for: attachment)
    } catch {
      preconditionFailure("JSON in one line can be encoded: \(error)")
    }
  }

  /// Puts events before everything from a log, in memory that is charged to the hub's budget.
  private func enqueue(_ events: some Collection<ServerSentEvent>, for attachment: Attachment) throws {
    let exchange = attachment.exchange
    let stamped = events.map { stamp($0, of: attachment) }
    let byteCount = try stamped.reduce(exchange.pending?.count ?? 0) { try $0 + EventStreamEncoder.byteCount(of: $1) }
    exchange.pending = LogSegment.holding(byteCount: byteCount, budget: hub.budget) { memory in
      var used = exchange.pending?.copy(to: memory) ?? 0
      for event in stamped {
        used += EventStreamEncoder.write(event, to: UnsafeMutableRawBufferPointer(rebasing: memory[used...]))
      }
    }
  }
}
