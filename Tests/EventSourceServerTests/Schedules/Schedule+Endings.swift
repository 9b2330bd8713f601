import EventSourceServer
import EventSourceTesting

/// Judges the reasons for the ends of streams, and the responses to requests.
extension Schedule {
  /// Compares the streams and requests that have ended with the reasons that the hub counts.
  func judgeEndings() {
    var over: [(visit: ReaderVisit, reasons: Set<DisconnectReason>)] = []
    let finished = visits.filter(\.connection.isFinished)
    if !finished.isEmpty { visits.removeAll(where: \.connection.isFinished) }
    for visit in finished {
      let reader = visit.reader
      visit.isJudged = true
      guard let head = visit.connection.response.head else {
        if !visit.hasLeft { report(.waits, "reader \(reader.number) got no response") }
        continue
      }
      guard case .stream = head.body else {
        judgeStatus(head.status, visit, reader)
        continue
      }
      coverage.note(.status(.ok))
      over.append((visit, allowedReasons(visit)))
      judgeEnd(visit, reader)
    }
    let ended = hub.statistics.streamsEnded
    var new: [DisconnectReason: Int] = [:]
    for (reason, count) in ended where count > lastEnded[reason] ?? 0 { new[reason] = count - (lastEnded[reason] ?? 0) }
    lastEnded = ended
    for (reason, count) in new {
      for _ in 0..<count { coverage.note(.ending(reason)) }
      if over.count(where: { $0.reasons.contains(reason) }) < count {
        let allowed = over.map { visit, reasons in
          "reader \(visit.reader.number) of \(visit.channels) may \(reasons)"
        }
        report(promise(of: reason), "\(count) ended as \(reason), which too few may: \(allowed)")
      }
    }
    let sum = new.values.reduce(0, +)
    if sum != over.count { report(.endings, "\(over.count) streams ended, and \(sum) were counted: \(new)") }
    let certain: Set<DisconnectReason> = [.draining, .maximumDurationReached, .channelRemoved]
    if !new.isEmpty, certain.isSuperset(of: new.keys) { for (visit, _) in over { judgeFarewell(visit) } }
  }

  private func promise(of reason: DisconnectReason) -> Promise {
    switch reason {
    case .fellBehind, .backlog, .lagExceeded, .stalled: .slowReaders
    case .overBudget: .memory
    case .revoked, .authorizationEnded: .authorization
    case .channelRemoved: .life
    case .repositoryFailed: .neverSilentlyLive
    default: .endings
    }
  }

  private func allowedReasons(_ visit: ReaderVisit) -> Set<DisconnectReason> {
    guard !visit.isDisconnected, !visit.hasLeft else { return Set(DisconnectReason.allCases) }
    var reasons: Set<DisconnectReason> = []
    let isCoalescing = visit.channels.allSatisfy { window($0, visit) != nil && !reconfigured.contains($0) }
    let isReconfigured = visit.channels.contains(where: reconfigured.contains)
    let rules = visit.channels.map { self.rules(of: $0, for: visit) }
    let isOther = isReconfigured || visit.channels.contains { wasRemoved($0, visit) }
    if isOther { reasons.formUnion([.fellBehind, .lagExceeded, .backlog]) }
    if visit.wasSlow {
      reasons.formUnion([.fellBehind, .overBudget, .stalled])
      if !isCoalescing, rules.contains(where: { $0.maximumBacklogBytes ?? .max < .max }) { reasons.insert(.backlog) }
      if !isCoalescing, visit.channels.contains(where: { isLate($0, visit) }) { reasons.insert(.lagExceeded) }
    }
    if visit.channels.contains(where: { isPressed(visit.stack, $0) || isAtStart($0, visit) }) {
      reasons.insert(.fellBehind)
    }
    // The last resort may concern every lane if one lane does not run.
    if hub.statistics.evictedUnoffered > visit.stack.evictedUnoffered { reasons.insert(.fellBehind) }
    if case .reject = visit.endpoint.gapPolicy, options.history != .none { reasons.insert(.fellBehind) }
    // A grant and the duration of a stream begin before the head, which may wait for a history.
    if let most = visit.endpoint.maximumStreamDuration, most < .seconds(3600),
      visit.now - visit.came >= most * (1 - visit.endpoint.streamDurationJitter) - .milliseconds(1)
    {
      reasons.insert(.maximumDurationReached)
    }
    for end in [visit.firstGrantEnd, visit.grantEnd, visit.lastGrantEnd] {
      if let end, end <= visit.now { reasons.insert(.authorizationEnded) }
    }
    if visit.endpoint.reauthorizationInterval != nil, options.hasAuthorizer {
      reasons.formUnion([.authorizationEnded, .revoked])
    }
    if visit.isRevoked { reasons.insert(.revoked) }
    var isSnapshot = visit.endpoint.snapshotForNewReaders != nil
    if case .snapshot = visit.endpoint.gapPolicy { isSnapshot = true }
    if options.history != .none || isSnapshot { reasons.insert(.repositoryFailed) }
    // A channel may be removed between the request and the head, too.
    if visit.channels.contains(where: { wasRemoved($0, visit) || ledger.lives[$0]! > visit.livesWhenAsked[$0] ?? 0 }) {
      reasons.insert(.channelRemoved)
    }
    if isDraining || isClosing || visit.stack.isDraining || visit.drainEnd != nil { reasons.insert(.draining) }
    if visit.stack.isClosed { reasons.insert(.laneClosed) }
    return reasons
  }

  /// Returns whether the reader was at the beginning of a log, whose oldest events the next event may evict.
  private func isAtStart(_ name: String, _ visit: ReaderVisit) -> Bool {
    let isOld = visit.sentID != nil || visit.endpoint.replaysToNewReaders || visit.endpoint.snapshotForNewReaders != nil
    guard !options.isRoomy, isOld else { return false }
    return current(visit)?.progress[name]?.isLive == false
  }

  /// Returns whether an event of a channel may have been waiting for the reader longer than the channel's limit.
  private func isLate(_ name: String, _ visit: ReaderVisit) -> Bool {
    guard let most = rules(of: name, for: visit).maximumLag, most < .seconds(3600) else { return false }
    guard let opened = visit.opened, visit.now - opened >= most else { return false }
    return ledger.count(name) > visit.nextAtHead[name] ?? 0 || visit.sentID != nil || commented.contains(name)
      || visit.endpoint.replaysToNewReaders || visit.endpoint.snapshotForNewReaders != nil
  }

  /// Checks that a completed stream ends at the end of a block.
  private func judgeEnd(_ visit: ReaderVisit, _ reader: ModelReader) {
    guard visit.connection.response.ending == .complete, visit.connection.response.keptBytes == 0 else { return }
    if let decoder = visit.decoder, !decoder.isFinished {
      report(.contentCoding, "a stream was completed before the end of its coding")
    }
    let text = String(decoding: visit.tail, as: UTF8.self)
    // The comment and the `retry` at the beginning are not followed by a blank line.
    if !text.isEmpty, !text.hasSuffix("\n\n"), !(text.hasPrefix(":") && text.hasSuffix("\n")), !text.hasPrefix("retry")
    {
      report(.endings, "a stream was completed within \(text.debugDescription)")
    }
  }

  /// Checks that a reader whose stream was ended has every published event and a `retry`.
  private func judgeFarewell(_ visit: ReaderVisit) {
    guard visit.connection.response.ending == .complete, visit.isFast, !visit.wasSlow, !visit.isDisconnected,
      !visit.hasLeft,
      let reader = current(visit)
    else { return }
    let text = String(decoding: visit.tail, as: UTF8.self)
    if !text.contains("retry: ") {
      report(.endings, "reader \(reader.number) was sent away without a retry: \(text.debugDescription)")
    }
    for name in visit.channels where reader.progress[name]!.isLive && !wasRemoved(name, visit) {
      let (next, published) = (reader.progress[name]!.next, publishedBeforeRun[name] ?? 0)
      guard window(name, visit) == nil, !hasEverything(reader, name, visit, of: published) else { continue }
      report(.endings, "reader \(reader.number) was sent away with \(next) of \(published) events of \(name)")
    }
  }

  /// Returns the reader of a visit, unless it has returned since.
  private func current(_ visit: ReaderVisit) -> ModelReader? { visit.reader.visit === visit ? visit.reader : nil }

  private func judgeStatus(_ status: Int, _ visit: ReaderVisit, _ reader: ModelReader) {
    if let known = ResponseStatus(rawValue: "\(status)") { coverage.note(.status(known)) }
    let decisions = authorizer.decisions[visit.attempt] ?? []
    let isDoubtful = decisions.contains { if case .granted = $0 { false } else { true } }
    let isHistoryAsked: Bool
    if case .reject = visit.endpoint.gapPolicy {
      isHistoryAsked = options.history != .none || visit.endpoint.snapshotForNewReaders != nil
    } else {
      isHistoryAsked = false
    }
    let isRight: Bool
    switch status {
    case 200: isRight = visit.hasLeft
    case 204 where visit.endpoint.missingChannel == .finished:
      isRight =
        reader.channels.contains { !isOpen[$0]! || ledger.lives[$0]! > visit.livesWhenAsked[$0] ?? 0 }
        || decisions.contains { if case .rejected(status) = $0 { true } else { false } }
    case 204, 401: isRight = decisions.contains { if case .rejected(status) = $0 { true } else { false } }
    case 403:
      isRight =
        visit.isRevoked
        || decisions.contains {
          switch $0 {
          case .rejected(403): true
          case .granted(let grant): (grant.expiresAfter ?? .seconds(1)) <= .seconds(5) || grant.channels != nil
          default: false
          }
        }
    case 404: isRight = reader.channels.contains { !isOpen[$0]! || ledger.lives[$0]! > visit.livesWhenAsked[$0] ?? 0 }
    case 410:
      var isRefusing = false
      if case .reject = visit.endpoint.gapPolicy { isRefusing = true }
      let flaws = visit.channels.compactMap { flawOfGap(reader, $0, visit) }
      isRight = isRefusing && visit.sentID != nil
      if flaws.count == visit.channels.count { report(.gaps, "reader \(reader.number) is refused: \(flaws[0])") }
    case 429: isRight = options.hub.maximumReadersPerCaller != nil
    case 503:
      isRight =
        isDraining || isClosing || visit.stack.isDraining || visit.stack.isClosed || visit.drainEnd != nil
        || options.hasReaderLimits || isDoubtful || isHistoryAsked || visit.isRevoked
        || options.hub.maximumChannels < 100
        || (options.hasAuthorizer && visit.now - visit.came >= .seconds(30))
    default: isRight = false
    }
    if !isRight { report(status == 404 ? .life : .authorization, "reader \(reader.number) is answered \(status)") }
  }
}
