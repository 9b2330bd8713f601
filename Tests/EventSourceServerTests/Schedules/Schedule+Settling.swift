import EventSourceServer
import EventSourceTesting

/// Ends a schedule.
extension Schedule {
  /// Makes everything work, makes every reader read and reconnect, and continues until nothing changes.
  func settle() {
    isSettling = true
    for stack in stacks { resume(stack) }
    // The test does not wait for calls that hang.
    passTime(.seconds(31))
    repository.isHealthy = true
    snapshots.isHealthy = true
    authorizer.isHealthy = true
    repository.release()
    authorizer.release()
    for index in stacks.indices where stacks[index].isDraining {
      passTime(.seconds(9))
      stacks[index].isClosed = true
      stacks[index].lane?.close()
      check()
      stacks[index] = ScheduleStack(SimulatedStack(hub: hub), index: index)
    }
    finishEverything()
    for (name, rules) in zip(options.names, options.rules) where !isOpen[name]! { open(name, rules) }
    if options.history != .none { for name in options.names where !isRegistered[name]! { register(name) } }
    // Earlier permissions may end, and streams of several channels may have lost one.
    for reader in readers where reader.isConnected && needsNewStream(reader) { disconnect(reader) }
    check()
    for round in 0..<5 where failures.isEmpty {
      for reader in readers {
        if reader.isConnected {
          reader.visit!.becomeFast()
        } else {
          reconnect(reader, isSlowAllowed: false)
        }
      }
      finishEverything()
      isQuiet = round > 0
      if round < 4 { for name in options.names { publishOne(to: name) } }
      finishEverything()
      if round == 3 { for name in options.names { try? hub.publish(comment: "behind", to: channelName(name)) } }
      // Requests that waited for the end of a recording check again, and windows end.
      passTime(round < 3 ? .milliseconds(100) : .seconds(6))
      finishEverything()
      check()
    }
    guard failures.isEmpty else { return }
    for reader in readers { judgeCompleteness(reader) }
  }

  private func needsNewStream(_ reader: ModelReader) -> Bool {
    guard let visit = reader.visit else { return false }
    return options.hasAuthorizer || visit.channels.contains { wasRemoved($0, visit) }
  }

  /// Checks that the reader has received everything that was published, or a gap event.
  private func judgeCompleteness(_ reader: ModelReader) {
    guard let visit = reader.visit, visit.isStreaming else {
      // A place that other readers occupy is not promised, nor is one beyond its duration.
      let isExcused =
        options.hasReaderLimits || options.hub.maximumChannels < 100
        || reader.visit?.endpoint.maximumStreamDuration != nil
        // A response with 410 is judged on its own. The reader then returns as a new one.
        || reader.visit?.connection.response.head?.status == 410
      if !isExcused {
        let status = reader.visit?.connection.response.head?.status ?? 0
        report(
          .resume,
          "reader \(reader.number) with room for everything is not served: \(status), \(hub.statistics.streamsEnded)")
      }
      return
    }
    for name in visit.channels where !reader.progress[name]!.isRemoved {
      let (next, count) = (reader.progress[name]!.next, ledger.count(name))
      let isTold = reader.progress[name]!.isGapTold || !reader.progress[name]!.hasBegun
      if isTold || hasEverything(reader, name, visit, of: count) { continue }
      report(.resume, "reader \(reader.number) of \(visit.channels) has \(next) of \(count) events of \(name)")
    }
  }

  /// Disconnects everything in one of several ways, and checks that nothing is left.
  func end() {
    switch Int.random(in: 0..<4, using: &random) {
    case 0: for reader in readers where reader.isConnected { disconnect(reader) }
    case 1:
      isClosing = true
      hub.close()
    case 2:
      for stack in stacks { stack.isClosed = true }
      for stack in stacks { stack.lane?.close() }
    default:
      for stack in stacks { stack.release() }
    }
    // This is long enough for a heartbeat or the stall timeout to detect the broken connections.
    passTime(.seconds(60))
    check()
    // An infinite stall timeout does not detect them.
    for visit in visits {
      visit.hasLeft = true
      visit.connection.disconnect()
    }
    isClosing = true
    hub.close()
    finishEverything()
    check()
    if !awaited.isEmpty { report(.waits, "\(awaited.count) awaited publications did not end with the hub") }
    for name in options.names { hub.removeChannel(channelName(name)) }
    for stack in stacks { run(stack) }
    executor.run()
    let statistics = hub.statistics
    if statistics.readers != 0 { report(.endings, "\(statistics.readers) readers are left") }
    if statistics.streamsOpened != statistics.streamsEnded.values.reduce(0, +) {
      report(.endings, "not every stream's end was counted")
    }
    if statistics.waitingPublications != 0 { report(.waits, "\(statistics.waitingPublications) publications wait") }
    occupancy.judgeEnd(self)
    if !repository.calls.isEmpty { report(.waits, "\(repository.calls.count) answers are awaited") }
    // The heartbeat that all streams share, and the opening that all streams of an endpoint share.
    if statistics.retainedBytes > 16 * (1 + handlers.count) {
      report(.memory, "\(statistics.retainedBytes) bytes are left")
    }
  }
}
