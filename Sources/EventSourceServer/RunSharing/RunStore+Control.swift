import Synchronization

internal import EventSourceFormat

/// Messages between processes.
extension RunStore {
  /// Handles a message of any process, also of this one.
  func received(_ event: ServerSentEvent) {
    switch RunMessage(event) {
    case .ask(let ids): answer(ids)
    case .lives(let ids):
      for id in ids { channel(id)?.run?.guarded.withLock { $0.liveness.seesSign() } }
    case .stop(let id, let reason):
      guard let channel = channel(id), let core = channel.run else { return }
      if !core.isFollowed { apply(.stop(reason), to: channel) }
      // A run that goes on until its producer has stopped.
      answer([id])
    case nil:
      return
    }
  }

  private func answer(_ ids: [String]) {
    var own: [String] = []
    for id in ids {
      guard let channel = channel(id), let core = channel.run else { continue }
      let isOwn = core.guarded.withLock { guarded in
        guarded.liveness.seesQuestion()
        return !core.isFollowed && !guarded.isSealed && guarded.state.phase != .gone
      }
      guard isOwn else { continue }
      own.append(id)
      apply(.watchedElsewhere, to: channel)
    }
    send(RunMessage.all(own, RunMessage.lives))
  }

  func send(_ messages: [RunMessage]) {
    for message in messages {
      do {
        try control?.send(message)
      } catch {
        hub.log(.warning, "a message to the other processes was not sent; it will be sent again") {
          [("collection", name.rawValue), ("error", "\(error)")]
        }
      }
    }
  }

  /// Asks the process that produces a run to stop it. Repeated until the run has ended. Returns whether this was the
  /// first request and the run had not ended.
  func requestStop(_ channel: EventChannel, _ reason: RunStopReason) -> Bool {
    guard noteStop(channel, reason) else { return false }
    send([.stop(channel.run!.id, reason)])
    return true
  }

  /// Asks the process that produces a run to stop it, and returns when the shared history has the request.
  func requestStopRecorded(_ channel: EventChannel, _ reason: RunStopReason) async throws {
    _ = noteStop(channel, reason)
    guard channel.run!.state.isActive, let control else { return }
    let (publication, queue) = try control.send(.stop(channel.run!.id, reason))
    _ = try await queue.result(of: publication)
  }

  private func noteStop(_ channel: EventChannel, _ reason: RunStopReason) -> Bool {
    let isFirst = channel.run!.guarded.withLock { guarded in
      guard guarded.state.isActive, guarded.wantedStop == nil else { return false }
      guarded.wantedStop = reason
      // It is followed until it has ended.
      _ = guarded.state.apply(.held, at: hub.now, rules)
      return true
    }
    if isFirst { reschedule(channel) }
    return isFirst
  }

  /// Asks about the runs of other processes if it is time. Returns when it is the next time.
  func lookAtFollowed(_ now: Int64) -> Int64 {
    guard let control else { return .never }
    let followed = table.withLock { Array($0.followed.values) }
    let (isOver, next) = control.intervalIsOver(at: now, hasFollowed: !followed.isEmpty)
    guard isOver else { return next }
    var asked: [String] = []
    for channel in followed {
      let core = channel.run!
      let (verdict, stop) = core.guarded.withLock { guarded -> (RunLiveness.Verdict, RunStopReason?) in
        // A question says that somebody watches the run.
        if guarded.state.isIdle { return (.lives, nil) }
        return (guarded.liveness.intervalEnds(limit: control.mostUnanswered), guarded.wantedStop)
      }
      if verdict == .ended { recordInterruption(of: channel) }
      if let stop {
        send([.stop(core.id, stop)])
      } else if verdict == .ask || (configuration.unwatchedLimit != nil && !core.state.isIdle) {
        asked.append(core.id)
      }
    }
    send(RunMessage.all(asked.sorted(), RunMessage.ask))
    return next
  }

  /// Records an end for a run whose process does not answer. The first end of the history is the run's, so nothing
  /// happens if its process has recorded one meanwhile.
  private func recordInterruption(of channel: EventChannel) {
    guard let shared else { return }
    let core = channel.run!
    Task(executorPreference: hub.configuration.taskExecutor) { [self] in
      var end = RunEvents.end(core.id, .interrupted)
      let number = core.guarded.withLock { $0.numbered }
      end.id = EventID(unchecked: "\(channel.idPrefix)\(number)\(RunCore.interrupted)")
      do {
        _ = try await shared.append([SharedPublication(end)], to: channel.name)
        hub.log(.warning, "the process that produces a run does not answer; the run is interrupted") {
          [("run", channel.name.rawValue)]
        }
      } catch {
        hub.log(.error, "the end of an interrupted run was not recorded; it will be recorded again") {
          [("run", channel.name.rawValue), ("error", "\(error)")]
        }
      }
    }
  }
}
