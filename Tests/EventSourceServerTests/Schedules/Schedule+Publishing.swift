import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// Publishes in all forms.
extension Schedule {
  /// Creates an event whose data identify it in the ledger.
  func makeEvent(for name: String?, _ size: Int? = nil) -> (event: ServerSentEvent, token: Int, key: String?) {
    let token = ledger.makeToken()
    let key: String? = random.isOnce(in: 5) ? nil : random.one(of: ["x", "y", "z"])
    let type: EventType? = random.isOnce(in: 6) ? EventType(stringLiteral: random.one(of: ["t", "u"])) : nil
    let most = isSettling ? 20 : options.padding
    var padding = String(repeating: "x", count: size ?? Int.random(in: 0...most, using: &random))
    if random.isOnce(in: 12) {
      padding += random.one(of: ["\n", "\nx", "\n\n", "\n: y", "\u{FEFF}", "é", "\ndata: x"])
    }
    let index = name.map { "\(options.names.firstIndex(of: $0)!)" } ?? "*"
    let data = "\(index) \(token) \(key ?? "-") \(padding)"
    ledger.announce(token, key: key ?? "type \(type?.rawValue ?? "message")", data: data)
    if key != nil { note(.publishWithKey) }
    return (ServerSentEvent(data: data, type: type), token, key)
  }

  /// Draws an ID for an event, or none.
  private func drawID(_ token: Int, for name: String) -> (OwnIDKind, EventID?) {
    let kind: OwnIDKind
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<8: kind = .none
    case 8..<14: kind = .unique
    case 14..<16: kind = .repeated
    case 16: kind = .odd
    case 17: kind = .long
    case 18: kind = .forwarded
    default: kind = .ofAnEarlierLife
    }
    if options.history == .storedLater { return (.none, nil) }
    let needsID = options.history == .storedFirst || options.history == .storedLaterNamed
    let ids = OwnIDs(seed: seed)
    switch kind {
    case .none where !needsID: return (.none, nil)
    case .forwarded where !needsID:
      let others = options.names.filter { $0 != name }.flatMap { generated[$0] ?? [] }
      return others.randomElement(using: &random).map { (.forwarded, $0) } ?? (.none, nil)
    case .ofAnEarlierLife where !needsID:
      return earlier.randomElement(using: &random).map { (.ofAnEarlierLife, $0) } ?? (.none, nil)
    // A reader that arrives while an event is being recorded may resume after either of two events with the same ID.
    case .repeated where isRecording, .ofAnEarlierLife where isRecording:
      return (.unique, try! EventID(ids.usable(.unique, token: token, &random)))
    case .repeated, .odd:
      return (kind, try! EventID(ids.usable(kind, token: token, &random)))
    case .long:
      longIDs.insert(name)
      return (kind, try! EventID(ids.usable(kind, token: token, &random)))
    default: return (.unique, try! EventID(ids.usable(.unique, token: token, &random)))
    }
  }

  func publishOne(to name: String) {
    var (event, token, key) = makeEvent(for: name)
    let (kind, id) = drawID(token, for: name)
    event.id = id
    coverage.note(.id(kind))
    switch options.history {
    case .none:
      publish(event, token, key, to: name)
    case .storedFirst:
      guard isOpen[name]! else {
        publish(event, token, key, to: name)
        return
      }
      ledger.add(token, to: name)
      ledger.setID(event.id!.rawValue, of: token, in: name)
      repository.store(event, in: name)
      halfDone[name, default: []].append((event, token, key))
      if random.isOnce(in: 4) { finishHalfDone(name, count: .max) }
    case .storedLater, .storedLaterNamed:
      guard let id = publish(event, token, key, to: name) else { return }
      event.id = id
      halfDone[name, default: []].append((event, token, key))
      if random.isOnce(in: 4) { finishHalfDone(name, count: .max) }
    default:
      if isRegistered[name]!, !random.isOnce(in: 20) {
        publishAwaited(event, token, key, to: [name], .stored)
      } else {
        publish(event, token, key, to: name)
      }
    }
  }

  /// Publishes immediately, and judges the outcome.
  @discardableResult
  func publish(_ event: ServerSentEvent, _ token: Int, _ key: String?, to name: String) -> EventID? {
    note(.publish)
    let before = published(in: hub)
    do {
      let id = try hub.publish(event, to: channelName(name), coalescingKey: key)
      // The history may leave out events that it does not have.
      ledger.add(token, to: name, isOptional: isRecording)
      judgeAcceptance(event, [name], isAwaited: false, nil)
      published(id, token, name, event)
      return id
    } catch {
      judgeAcceptance(event, [name], isAwaited: false, error)
      if published(in: hub) != before { report(.identity, "publishing threw \(error), and published") }
      if ledger.place(of: token, in: name) != nil { ledger.setOptional(token, in: name) }
      return nil
    }
  }

  private func published(in hub: EventHub) -> Int { hub.statistics.eventsPublished }

  func publishToSeveral() {
    guard options.history == .none || isRecording else { return }
    var (event, token, key) = makeEvent(for: nil)
    if random.isOnce(in: 3) { event.id = try! EventID("s\(seed)-\(token)") }
    var names = Array(options.names.shuffled(using: &random).prefix(3))
    if random.isOnce(in: 3) {
      names.append(names[0])
      note(.publishTwiceNamed)
    }
    // If all of the channels are recorded, their histories decide the places.
    if random.isOnce(in: 2), !isRecording || names.allSatisfy({ isRegistered[$0]! }) {
      note(.publishSeveralAwaited)
      return publishAwaited(event, token, key, to: names, random.one(of: [.stored, .offered]))
    }
    note(.publishToSeveral)
    do {
      let ids = try hub.publish(event, to: names.map(channelName), coalescingKey: key)
      judgeAcceptance(event, names, isAwaited: false, nil)
      var seen: Set<String> = []
      for (name, id) in zip(names, ids) where seen.insert(name).inserted {
        ledger.add(token, to: name, isOptional: isRecording)
        published(id, token, name, event)
      }
    } catch {
      judgeAcceptance(event, names, isAwaited: false, error)
    }
  }

  func publishAwaited() {
    let name = random.one(of: options.names)
    guard options.history == .none || isRecording else { return publishOne(to: name) }
    var (event, token, key) = makeEvent(for: name)
    (_, event.id) = drawID(token, for: name)
    publishAwaited(event, token, key, to: [name], Bool.random(using: &random) ? .offered : .stored)
  }

  func publishAwaited(
    _ event: ServerSentEvent, _ token: Int, _ key: String?, to names: [String], _ milestone: EventHub.Milestone
  ) {
    note(milestone == .offered ? .publishOffered : .publishPublished)
    // The channels that publish it without a history, even if they have one when the publisher is notified.
    nonisolated(unsafe) var unrecorded: Set<String> = []
    let scheduled = ScheduledEvent(event: event) { [self] in
      // The history decides the places of recorded events.
      for name in names where isOpen[name]! && !isRegistered[name]! {
        if isRecording { unrecorded.insert(name) }
        ledger.add(token, to: name, isOptional: isRecording)
        ledger.setPublished(token, in: name)
        if let id = event.id { ledger.setID(id.rawValue, of: token, in: name) }
      }
    }
    nonisolated(unsafe) let taken = scheduled
    let attempt = attempts
    if isRecording { recordingsBegun.formUnion(names) }
    awaited[token] = Task(executorPreference: executor) { [self, hub = hub!] in
      defer { awaited[token] = nil }
      do {
        let channels = names.map(channelName)
        let ids =
          channels.count == 1
          ? [try await hub.publish(taken, to: channels[0], coalescingKey: key, waitingUntil: milestone)]
          : try await hub.publish(taken, to: channels, coalescingKey: key, waitingUntil: milestone)
        guard hub === self.hub else { return names.forEach { ledger.setOptional(token, in: $0) } }
        judgeAcceptance(event, names, isAwaited: true, nil)
        var seen: Set<String> = []
        for (name, id) in zip(names, ids) where seen.insert(name).inserted {
          ledger.add(token, to: name)
          ledger.setPromised(
            token, in: name, isPromised: !isRecording || isRegistered[name]! && !unrecorded.contains(name))
          published(id, token, name, event)
        }
        if milestone == .offered { judgeOffer(token, names, before: attempt) }
      } catch {
        judgeAcceptance(event, names, isAwaited: true, error, isOfThisHub: hub === self.hub)
        if error is CancellationError, milestone == .stored, names.count == 1, isRecording { ledger.forbid(token) }
        for name in names {
          ledger.setOptional(token, in: name)
          // After a failed recording, the history of a channel without events is not asked for its newest event.
          if isRecording, !ledger.hasPublished(in: name) { repository.denied(name) }
        }
      }
    }
  }

  func cancelAwaited() {
    guard let token = awaited.keys.sorted().randomElement(using: &random) else { return }
    note(.cancelAwaited)
    awaited[token]?.cancel()
    // It must end although no lane runs and no repository returns.
    executor.run()
    if awaited[token] != nil { report(.waits, "an awaited publication did not end when its task was canceled") }
  }

  /// Records that the hub has reported an event as published.
  func published(_ id: EventID, _ token: Int, _ name: String, _ event: ServerSentEvent) {
    trace("published \(name) \(token) at \(ledger.place(of: token, in: name) ?? -1) as \(id.rawValue.prefix(60))")
    guard let place = ledger.place(of: token, in: name) else {
      return report(.historyBeforeStream, "published and not recorded")
    }
    if let own = event.id, own != id { report(.identity, "\(own) was published as \(id)") }
    ledger.setID(id.rawValue, of: token, in: name)
    ledger.setPublished(token, in: name)
    if event.id == nil, options.history == .inMemory, !historyIDs[name, default: []].insert(id).inserted {
      report(.identity, "the history gave the ID \(id) to two events")
    }
    // The publisher may be notified after the end of the channel's life. The event is then not part of the next life.
    let isOfThisLife = ledger.entries[name]![place].life == ledger.lives[name]
    if event.id == nil, id.rawValue.hasPrefix(hub.idPrefix) {
      if generated.values.contains(where: { $0.contains(id) }) || earlier.contains(id) {
        report(.identity, "the ID \(id) was generated twice")
      }
      if isOfThisLife { generated[name, default: []].append(id) } else { earlier.append(id) }
    }
    if isOfThisLife, place > snapshots.published[name]?.last?.place ?? -1 {
      snapshots.published[name, default: []].append((id, place))
    }
    for stack in stacks {
      let before = stack.unoffered[name] ?? (0, 0)
      stack.unoffered[name] = (before.events + 1, before.bytes + event.data.utf8.count + id.rawValue.utf8.count + 64)
    }
  }

  func publishComment() {
    note(.publishComment)
    let name = random.one(of: options.names)
    do {
      try hub.publish(comment: random.one(of: ["", "note", "two\nlines"]), to: channelName(name))
      if !isOpen[name]! { report(.life, "a comment was published to a channel that is not there") }
      noteComment(name)
    } catch {
      judgeError(error, [name])
    }
  }

  /// Records that a comment is in the log.
  func noteComment(_ name: String) {
    commented.insert(name)
    for stack in stacks {
      let before = stack.unoffered[name] ?? (0, 0)
      stack.unoffered[name] = (before.events + 1, before.bytes + 64)
    }
  }

  func finishHalfDone(_ name: String, count: Int) {
    let done = halfDone[name]?.prefix(count) ?? []
    halfDone[name]?.removeFirst(done.count)
    for (event, token, key) in done {
      if options.history == .storedFirst {
        publish(event, token, key, to: name)
      } else {
        repository.store(event, in: name)
      }
    }
  }
}
