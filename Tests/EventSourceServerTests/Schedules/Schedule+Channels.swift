import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// Changes channels and lanes, and restarts the program.
extension Schedule {
  @discardableResult
  func open(_ name: String, _ rules: ChannelConfiguration) -> Bool {
    note(.open)
    note(.validate)
    let isAbsent = !isOpen[name]!
    if isOpen[name]! { note(.openOpen) }
    if (try? rules.validate()) == nil { report(.badInput, "rules are refused that are right") }
    let isNew = hub.openChannel(channelName(name), configuration: rules)
    if options.hub.channelCreation == .explicit, isNew != isAbsent {
      report(.life, "open of \(name) returns \(isNew)")
    }
    if isNew { currentRules[name] = rules }
    if isNew, options.usesProvider { isRegistered[name] = true }
    isOpen[name] = true
    return isNew
  }

  func register(_ name: String) {
    note(.setRepository)
    trace("register \(name)")
    hub.setRepository(repository, for: channelName(name))
    isOpen[name] = true
    isRegistered[name] = true
  }

  func remove(_ name: String, by removal: (() -> Void)? = nil) {
    note(.remove)
    trace("remove \(name)")
    if repository.calls.values.contains(where: { $0.name == name && !$0.isCanceled }) {
      note(.removeWhileHistoryIsAsked)
    }
    if let removal { removal() } else { hub.removeChannel(channelName(name)) }
    // Publications that wait for the history are published in the history's order, which their publishers do not learn.
    if isRecording, !awaited.isEmpty { lostHistory.insert(name) }
    formerRules[name, default: [:]][ledger.lives[name]!] = currentRules[name]
    ledger.beginLife(of: name)
    isOpen[name] = options.hub.channelCreation == .onDemand
    isRegistered[name] = false
    currentRules[name] = options.hub.channelDefaults
    snapshots.published[name] = nil
    earlier += generated[name]?.suffix(4) ?? []
    generated[name] = nil
    recordingsBegun.remove(name)
    finishNothing(name)
  }

  /// Abandons the events that were published but not stored, because the channel's life is over. The history will not
  /// report it.
  private func finishNothing(_ name: String) {
    guard options.history == .storedLater || options.history == .storedLaterNamed else { return }
    for (event, token, _) in halfDone[name] ?? [] {
      ledger.setOptional(token, in: name)
      // The history may have an older event with this ID.
      if let id = event.id { lostIDs.insert(id) }
    }
    halfDone[name] = nil
    repository.denied(name)
  }

  func changeChannel() {
    let name = random.one(of: options.names)
    if random.isOnce(in: 3) { return useHandle(name) }
    guard isOpen[name]! || options.hub.channelCreation == .onDemand else {
      note(.reopen)
      if options.history != .none, Bool.random(using: &random) { register(name) } else { reopen(name) }
      return
    }
    // Publications that wait for the history are published without it, or are only in it. That must end before the next
    // step.
    defer { finishJobsOfRecorder() }
    switch Int.random(in: 0..<6, using: &random) {
    case 0, 1:
      remove(name)
    case 2:
      // Immediately creates another channel of the name, with the same history.
      remove(name)
      if options.history != .none { register(name) } else { reopen(name) }
    case 3 where options.history != .none:
      repository.denied(name)
      trace("unregister \(name)")
      let isDisconnecting = Bool.random(using: &random)
      note(isDisconnecting ? .removeRepositoryDisconnecting : .removeRepository)
      hub.removeRepository(for: channelName(name), disconnectingReaders: isDisconnecting)
      lostHistory.insert(name)
      isRegistered[name] = false
      if isDisconnecting { disconnected[name] = attempts }
    case 4 where options.history != .none: register(name)
    case 5 where options.history == .none:
      note(.removeRepositoryDisconnecting)
      hub.removeRepository(for: channelName(name), disconnectingReaders: true)
      disconnected[name] = attempts
    default:
      if options.hub.channelCreation == .explicit { open(name, currentRules[name]!) }
    }
  }

  private func reopen(_ name: String) {
    note(.reopen)
    let index = options.names.firstIndex(of: name)!
    open(name, options.rules[index])
    repository.denied(name)
  }

  private func finishJobsOfRecorder() {
    guard isRecording else { return }
    executor.run()
    for name in options.names { ledger.setUnpublishedOptional(in: name) }
  }

  func changeHistory() {
    guard options.history != .none else { return }
    repository.giveUpSome(of: random.one(of: options.names), isEmptied: random.isOnce(in: 4))
  }

  /// Drains, closes or releases one lane and replaces it.
  func changeLane() {
    let index = Int.random(in: 0..<stacks.count, using: &random)
    let stack = stacks[index]
    guard let lane = stack.lane else { return }
    note(.readerCount)
    switch Int.random(in: 0..<4, using: &random) {
    case 0:
      note(.laneDrain)
      stack.isDraining = true
      lane.drain(over: .milliseconds(Int.random(in: 0...3000, using: &random)))
      return
    case 1, 2:
      note(.laneClose)
      stack.isClosed = true
      lane.close()
      if lane.readerCount != 0 { report(.endings, "a lane that is closed has \(lane.readerCount) readers") }
    default:
      note(.laneRelease)
      stack.release()
    }
    check()
    let old = stack
    for reader in readers { if reader.visit?.stack === old { reader.takeIn() } }
    let clock = ManualClock()
    clock.advance(by: .seconds(index * 1_000_000 + attempts))
    note(.makeLane)
    stacks[index] = ScheduleStack(SimulatedStack(hub: hub, clock: clock), index: index)
  }

  /// Ends the program in one of several ways, and starts it again.
  func restart() {
    isPublishing = false
    defer { isPublishing = true }
    finishEverything()
    if random.isOnce(in: 3) { drainHub() }
    note(.close)
    isClosing = true
    hub.close()
    executor.run()
    if !awaited.isEmpty { report(.waits, "\(awaited.count) awaited publications did not end with the hub") }
    repository.release(isForGood: true)
    for name in options.names where isRecording { ledger.setUnpublishedOptional(in: name) }
    authorizer.release()
    executor.run()
    for stack in stacks { stack.lane?.close() }
    for stack in stacks { stack.isClosed = true }
    check()
    for reader in readers { reader.takeIn() }
    note(.restart)
    trace("restart")
    if options.hub.idPrefix != nil { note(.restartWithSamePrefix) }
    if options.history == .none || !isRecording { for name in options.names { finishNothing(name) } }
    start()
    // Some readers return immediately, while the logs are empty.
    for reader in readers.shuffled(using: &random).prefix(2) { reconnect(reader) }
  }

  private func drainHub() {
    note(.drain)
    isDraining = true
    let window = Duration.milliseconds(Int.random(in: 0...4000, using: &random))
    let isOver = Flag()
    let task = Task(executorPreference: executor) { [hub = hub!] in
      await hub.drain(over: window)
      isOver.isSet = true
    }
    executor.run()
    for stack in stacks { resume(stack) }
    passTime(.seconds(10), isRegular: true)
    executor.run()
    if !isOver.isSet { report(.endings, "the hub has not drained 6 s after its time") }
    for reader in readers where reader.visit?.isStreaming == true {
      report(.endings, "reader \(reader.number) is there after the hub has drained")
    }
    task.cancel()
    executor.run()
  }
}

/// A flag for something that has happened.
// Sendable, because it is set only in jobs that the test runs on its one thread.
final class Flag: @unchecked Sendable {
  var isSet = false
}
