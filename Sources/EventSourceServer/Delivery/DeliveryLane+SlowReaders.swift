internal import EventSourceFormat

/// What becomes of readers that take less than is published, by the rules of their channels.
extension DeliveryLane {
  /// The rest of an event that is longer than this is not copied for a slow reader.
  private static let largestRest = 8 << 10

  /// A reader stopped taking bytes: from now on it is behind in what it has not read.
  func becameSlow(_ exchange: EventStreamExchange) {
    if hub.budget.copiesAreExceeded, exchange.pending != nil {
      return finish(exchange, .overBudget, ending: .aborted)
    }
    holdReplays(of: exchange)
    for attachment in exchange.attachments where attachment.replay == nil {
      if attachment.behindSince == .never { attachment.behindSince = now }
      switch attachment.channel.slowReaders {
      case .disconnect: continue
      case .newestPerKey: attachment.isConflating = true
      case .skipToNewest: break
      }
      attachment.isWithinEvent = false
      if exchange.attachments.count == 1, exchange.pending == nil { keepRestOfEvent(for: attachment) }
    }
    schedule(exchange)
  }

  /// A reader that may be moved on in the log is moved from an event's end: the rest of one that it has begun to take
  /// is kept for it.
  private func keepRestOfEvent(for attachment: Attachment) {
    let rest = attachment.channel.withState { state -> [UInt8]? in
      guard attachment.cursor >= state.log.start else {
        // It was given up while it was being written, and nobody can say any more whether an event ended there.
        attachment.isWithinEvent = true
        return nil
      }
      guard attachment.cursor < state.log.end else { return nil }
      let segment = state.log.segment(at: attachment.cursor)
      let index = segment.blocks(endingBy: attachment.cursor)
      let left = Int(segment.start + UInt64(segment.entry(index).end) - attachment.cursor)
      guard left < segment.block(index).count else { return nil }
      attachment.isWithinEvent = left > Self.largestRest
      return attachment.isWithinEvent ? nil : Array(segment.block(index).suffix(left))
    }
    guard let rest else { return }
    attachment.cursor += UInt64(rest.count)
    attachment.exchange.pending = LogSegment.holding(byteCount: rest.count, budget: hub.budget) {
      $0.copyBytes(from: rest)
    }
  }

  /// A reader has everything.
  func caughtUp(_ attachment: Attachment) {
    attachment.behindSince = .never
    attachment.isConflating = false
    attachment.isToSkip = false
    attachment.isWithinEvent = false
  }

  /// Looks after those whose next event is gone, or who have too much waiting for them.
  func look(at audience: LaneAudience, _ snapshot: EventChannel.Snapshot) {
    for attachment in audience.waiting.reversed() where attachment.replay == nil && !attachment.isToSkip {
      if attachment.cursor < snapshot.start {
        fellBehind(attachment, .behind)
      } else if snapshot.end > attachment.cursor,  // It may be ahead of the walk: it was given what came meanwhile.
        snapshot.end - attachment.cursor > audience.channel.maximumBacklogBytes,
        audience.channel.slowReaders != .newestPerKey
      {
        fellBehind(attachment, .backlog)
      }
    }
  }

  /// When the first of the reader's channels will have had something waiting for it for too long.
  func lagEnd(of exchange: EventStreamExchange) -> Int64 {
    exchange.attachments.reduce(.never) { first, attachment in
      guard let most = attachment.channel.maximumLag, attachment.behindSince != .never, !attachment.isToSkip,
        !attachment.isConflating
      else { return first }
      return min(first, attachment.behindSince + most)
    }
  }

  /// Looks after a reader for which something has been waiting for too long.
  func lagEnded(_ exchange: EventStreamExchange) {
    for attachment in exchange.attachments where exchange.phase == .open {
      if let most = attachment.channel.maximumLag, attachment.behindSince != .never, !attachment.isToSkip,
        !attachment.isConflating, attachment.behindSince + most <= now
      {
        fellBehind(attachment, .lag)
      }
    }
  }

  /// A reader is too far behind: it is cut off, or will be moved on when it takes bytes again. True: it is still there.
  @discardableResult
  func fellBehind(_ attachment: Attachment, _ reason: DisconnectReason) -> Bool {
    if attachment.channel.slowReaders == .disconnect || attachment.isWithinEvent {
      finish(attachment.exchange, reason, ending: .aborted)
      return false
    }
    attachment.isToSkip = true
    hub.log(.info, "a slow reader will miss events") {
      [("channel", attachment.channel.name.rawValue), ("reason", reason.rawValue)]
    }
    return true
  }

  /// Moves a reader on in the log, and says so in its stream.
  func skip(_ attachment: Attachment) {
    attachment.isToSkip = false
    attachment.behindSince = now
    let earliest = attachment.channel.withState { state -> String? in
      let log = state.log
      let position = attachment.isConflating ? log.start : log.newestBlock ?? log.end
      guard position > attachment.cursor else { return log.oldestID }
      attachment.cursor = position
      let ordinal = log.ordinal(of: position)
      tally.skipped += Int(ordinal - min(attachment.ordinal, ordinal))
      attachment.ordinal = ordinal
      guard position < log.end else { return nil }
      return log.id(at: position)
    }
    tellGap(attachment, after: nil, earliest: earliest)
  }
}
