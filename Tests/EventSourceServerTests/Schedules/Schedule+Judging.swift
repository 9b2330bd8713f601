import EventSourceServer
import EventSourceTesting

/// Judges what must hold at any time and after each run of a lane.
extension Schedule {
  /// Makes readers parse what has arrived, and compares each end with its reason.
  func check() {
    for reader in readers { reader.takeIn() }
    judgeEndings()
    if ledger.isForbiddenSeen { report(.waits, "an event is recorded whose publisher was told that it is not") }
    let statistics = hub.statistics
    note(.statistics)
    let mayEvict = stacks.contains { isPressed($0, nil) }
    if statistics.evictedUnoffered > lastUnoffered, !mayEvict {
      report(.memory, "events were evicted that no lane had offered, although others had been offered")
    }
    lastUnoffered = statistics.evictedUnoffered
    let most = options.hub.memoryLimit
    if stacks.allSatisfy({ !$0.isSuspended }),
      statistics.retainedBytes > most.addingReportingOverflow(most / 4 + 65_536).partialValue, most < 1 << 40
    {
      report(.memory, "\(statistics.retainedBytes) bytes are held of \(most)")
    }
    if options.hub.maximumReaders < statistics.readers { report(.memory, "\(statistics.readers) readers") }
  }

  /// Returns whether more was published since the last run of the lane than the logs or the hub can hold for it.
  func isPressed(_ stack: ScheduleStack, _ name: String?) -> Bool {
    let waiting = options.names.map { ($0, unoffered(stack, $0)) }
    if waiting.reduce(0, { $0 + $1.1.bytes }) > options.hub.memoryLimit / 4 { return true }
    return waiting.contains { key, value in
      guard name == nil || key == name else { return false }
      let limits = currentRules[key]!.retention ?? options.hub.retention
      return value.bytes > limits.maximumBytes / 4 || value.events >= limits.maximumEvents ?? .max
    }
  }

  /// Returns the events that were published to a channel since the last run of the lane.
  private func unoffered(_ stack: ScheduleStack, _ name: String) -> (events: Int, bytes: Int) {
    let known = stack.unoffered[name] ?? (0, 0)
    // Callers that await a publication are notified only after it is in the log.
    let entries = ledger.entries[name]?.dropFirst(stack.seen[name] ?? 0) ?? []
    let bytes = entries.reduce(0) { $0 + $1.data.utf8.count + ($1.id?.count ?? 0) + 64 }
    return (max(known.events, entries.count), max(known.bytes, bytes))
  }

  func wasRemoved(_ name: String, _ visit: ReaderVisit) -> Bool {
    !isOpen[name]! || visit.livesAtHead[name] != ledger.lives[name] || (disconnected[name] ?? -1) >= visit.attempt
  }

  /// Judges every stream of a lane that has run and is asleep.
  func judgeAfterRun(_ stack: ScheduleStack) {
    for reader in readers {
      guard let visit = reader.visit, visit.stack === stack else { continue }
      reader.takeIn()
      if visit.connection.response.head == nil,
        visit.now - visit.came > .seconds(95) + (stack.stoodStill - visit.stoodStillWhenAsked), !visit.isOver,
        !visit.mayWait
      {
        report(.waits, "reader \(reader.number) has had no response for \(visit.now - visit.came)")
      }
      guard visit.isStreaming else { continue }
      judgeTimes(visit, reader)
      for name in visit.channels { judgeDelivery(name, visit, reader) }
    }
  }

  private func judgeTimes(_ visit: ReaderVisit, _ reader: ModelReader) {
    let endpoint = visit.endpoint
    if visit.hasToEnd { report(.authorization, "reader \(reader.number) reads on after a revocation") }
    if let end = visit.grantEnd, end < visit.now {
      report(.authorization, "reader \(reader.number) reads on after the end of its grant")
    }
    if visit.isFast, endpoint.openingComment != nil, visit.firstBytes.isEmpty {
      report(.liveness, "reader \(reader.number) has a head and no first byte")
    }
    if visit.isFast, let interval = endpoint.heartbeatInterval, interval < .seconds(3600),
      visit.now - visit.lastWrite > interval + .milliseconds(60)
    {
      report(.liveness, "reader \(reader.number) has had nothing for \(visit.now - visit.lastWrite)")
    }
    if visit.connection.response.needsWritableNotification {
      let since = visit.blockedSince ?? visit.now
      visit.blockedSince = since
      if endpoint.stallTimeout < .seconds(3600), visit.now - since > endpoint.stallTimeout + .milliseconds(60) {
        report(.liveness, "reader \(reader.number) has taken nothing for \(visit.now - since)")
      }
    } else {
      visit.blockedSince = nil
    }
    if options.hub.channelCreation == .explicit, visit.channels.allSatisfy({ !isOpen[$0]! }) {
      let (since, stoodStill) = visit.missingSince ?? (visit.now, visit.stack.stoodStill)
      visit.missingSince = (since, stoodStill)
      if visit.now - since > .milliseconds(5100) + (visit.stack.stoodStill - stoodStill) {
        report(.life, "reader \(reader.number) is there \(visit.now - since) after the removal of its channels")
      }
    } else {
      visit.missingSince = nil
    }
    if let end = visit.drainEnd {
      // A leaving reader may receive what is published for some seconds.
      let limit = end + .milliseconds(5100) + (visit.stack.stoodStill - visit.stoodStillWhenDrained)
      if visit.now > limit { report(.endings, "reader \(reader.number) is there \(visit.now - end) after its drain") }
    }
    if let most = endpoint.maximumStreamDuration, most < .seconds(3600), let opened = visit.opened {
      // A suspended loop ends no streams.
      let limit =
        most * (1 + endpoint.streamDurationJitter) + .milliseconds(5100)
        + (visit.stack.stoodStill - visit.stoodStillWhenAsked)
      if visit.now - opened > limit { report(.endings, "reader \(reader.number) is there for \(visit.now - opened)") }
    }
  }

  /// Checks that no reader delays another: a caught-up reader that accepts everything receives what is published.
  private func judgeDelivery(_ name: String, _ visit: ReaderVisit, _ reader: ModelReader) {
    guard visit.isFast, !visit.isRevoked, let progress = reader.progress[name], !progress.isRemoved else { return }
    let published = publishedBeforeRun[name] ?? 0
    let isRight = progress.isGapTold || hasEverything(reader, name, visit, of: published)
    if progress.isLive, !isRight, window(name, visit) == nil, !reconfigured.contains(name),
      !wasRemoved(name, visit)
    {
      report(
        .isolation, "reader \(reader.number) of \(name) is at \(progress.next) of \(published), and takes everything")
    }
    let isQuiet = options.history == .none || (wasIdle && isQuiet && hub.statistics.waitingPublications == 0)
    if isQuiet, progress.next >= published, !progress.awaitsSnapshot,
      visit.connection.response.needsWritableNotification == false
    {
      reader.progress[name]!.isLive = true
    }
  }

  /// Checks that an event is in the history before a reader has it.
  func judgeHistory(_ token: Int, _ name: String, _ entry: ScheduleLedger.Entry) {
    if isRecording, !entry.isOptional, !repository.has(token, in: name) {
      report(.historyBeforeStream, "\(name) \(token) came, and is not recorded")
    }
  }

  /// Returns the reason why a reader must not get a gap event, or `nil` if it may get one.
  func flawOfGap(_ reader: ModelReader, _ name: String, _ visit: ReaderVisit) -> String? {
    guard options.isRoomy, options.hub.channelCreation == .explicit, !visit.wasSlow else { return nil }
    if case .snapshot = visit.endpoint.gapPolicy { return nil }
    if visit.endpoint.snapshotForNewReaders != nil { return nil }
    // It left before it had the channel's state.
    if reader.progress[name]!.awaitsSnapshot { return nil }
    guard visit.sentID != nil else { return options.history == .none ? "it is new" : nil }
    guard visit.sentSoundID, visit.hasSoundIDs, !longIDs.contains(name), !repository.denied.contains(name),
      !reader.isOfOldLife(name)
    else { return nil }
    switch options.history {
    case .none, .reporting, .inMemory: break
    case .recording, .storedFirst, .storedLaterNamed: guard visit.channels.count == 1 else { return nil }
    default: return nil
    }
    return "it sent what it was given"
  }
}
