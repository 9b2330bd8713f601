import Synchronization

internal import EventSourceFormat

extension RunStore {
  /// Starts a run.
  func start(_ wanted: String?, in collection: RunCollection) throws(RunError) -> Run {
    if let wanted, !Self.isValid(wanted) { throw .invalidID(wanted) }
    guard hub.admissions.phase != .closed else { throw .closed }
    let id = wanted ?? Self.randomID()
    let core = RunCore(id: id, store: self)
    let channel = makeChannel(id, core)
    let run = Run(channel: channel, collection: collection)
    let begin = configuration.announcesID ? try? hub.prepare(RunEvents.begin(id), key: nil) : nil
    var recorded: (Publication, RecordingQueue)?
    while true {
      // At the maximum number of runs, one that has ended is discarded.
      let victim = try table.withLock { table throws(RunError) -> EventChannel? in
        guard !table.isClosed else { throw .closed }
        guard table.runs[id] == nil, table.loading[id] == nil else { throw .idInUse(id) }
        guard table.runs.count < configuration.maximumRuns else {
          guard let oldest = oldestEnded(table) else { throw .tooManyRuns(limit: configuration.maximumRuns) }
          return oldest
        }
        table.runs[id] = channel
        table.started += 1
        // Under this lock, so that nobody finds the run before its first event is in it.
        feed?.append(.began(run))
        if let begin { recorded = write(first: begin, to: channel) }
        return nil
      }
      guard let victim else { break }
      apply(.discard, to: victim)
    }
    feed?.run()
    if core.isRecorded, begin != nil { failUnlessRecorded(recorded, channel) }
    reschedule(channel)
    openWaiting(channel)
    return run
  }

  /// Writes the event with the run's ID. It does not wait for memory. Returns what is being recorded, if anything.
  private func write(first event: PreparedEvent, to channel: EventChannel) -> (Publication, RecordingQueue)? {
    channel.run!.guarded.withLock { guarded in
      if channel.run!.isRecorded { return try? record(event, of: channel, &guarded) }
      _ = append(event, to: channel, &guarded)
      return nil
    }
  }

  /// Fails a run whose beginning was not recorded, because it is not in the history.
  private func failUnlessRecorded(_ recorded: (Publication, RecordingQueue)?, _ channel: EventChannel) {
    Task(executorPreference: hub.configuration.taskExecutor) { [self] in
      if let recorded, (try? await result(of: recorded.0, in: recorded.1, channel)) != nil { return }
      apply(.fail("the run could not be recorded"), to: channel)
    }
  }

  /// Notifies the lanes, because requests may be waiting for a run with this ID.
  func openWaiting(_ channel: EventChannel) {
    if hub.waitingRequests.load(ordering: .sequentiallyConsistent) > 0 { hub.post(toAllLanes: .opened(channel.name)) }
  }

  private static let idDigits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

  /// Returns 120 random bits, in digits and letters that are hard to confuse.
  private static func randomID() -> String {
    var generator = SystemRandomNumberGenerator()
    let words = (generator.next(), generator.next())
    return String(unsafeUninitializedCapacity: 24) { text in
      for index in 0..<24 {
        let word = index < 12 ? words.0 : words.1
        text[index] = idDigits[Int(truncatingIfNeeded: word >> (5 * UInt64(index % 12)) & 31)]
      }
      return 24
    }
  }
}
