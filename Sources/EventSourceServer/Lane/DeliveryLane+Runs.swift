internal import EventSourceFormat

/// Streams of runs, and requests to which the application responds.
extension DeliveryLane {
  /// The maximum time of the authorizer and the application together, in nanoseconds.
  private static let answerTime: Int64 = 30_000_000_000

  /// Counts the stream as a viewer of its run, so that the run is not stopped as unwatched.
  func watchRun(_ session: EventStreamSession) {
    for subscription in session.subscriptions {
      subscription.isViewing = true
      subscription.channel.run?.store.apply(.viewerCame, to: subscription.channel)
    }
  }

  /// Returns whether the viewer's last event may be in the shared history of its run and not yet in the log.
  func isBehind(_ session: EventStreamSession, _ plan: StreamPlan, _ name: ChannelName) -> Bool {
    guard let runs = session.handler.runs, let id = plan.lastEventID, plan.catchUp?.isOver != true else { return false }
    return runs.isBehind(id, name)
  }

  /// Returns whether the stream does not begin now: either the run ended and the viewer has all of it, which is
  /// rejected, or the viewer gets JSON lines, which begin when the run ends.
  func isWaitingForRun(_ session: EventStreamSession, _ plan: StreamPlan) -> Bool {
    guard let subscription = session.subscriptions.first, let runs = session.handler.runs else { return false }
    if let id = plan.lastEventID, RunCore.isOtherEnd(id, prefix: subscription.channel.idPrefix) {
      reject(session, runs.configuration.responseAfterEnd)
      return true
    }
    let (isEnded, end) = subscription.channel.withState { ($0.isEnded, $0.log.end) }
    guard isEnded else { return plan.isJSONLines }
    guard plan.lastEventID != nil, subscription.state == .live, subscription.cursor >= end else { return false }
    reject(session, runs.configuration.responseAfterEnd)
    return true
  }

  /// Ends a stream if its run ended and the viewer has all of it.
  func endWithRun(_ session: EventStreamSession) {
    guard session.isOpen, session.handler.runs != nil, let subscription = session.subscriptions.first,
      subscription.state == .live
    else { return }
    let hasAll = subscription.channel.withState { $0.isEnded && $0.log.end <= subscription.cursor }
    guard hasAll else { return }
    session.encoder == nil
      ? finish(session, .runEnded, ending: .complete) : leaveWithoutRetry(session, .runEnded)
  }

  /// The mailbox reported a run's end. Each viewer reads the rest at its own pace.
  func runEnded(_ channel: EventChannel) {
    for subscription in subscriptions(of: channel) {
      let session = subscription.session
      leaveCohort(session)
      if subscription.state == .live, channel.hasUnread(behind: subscription.cursor) {
        apply(.published, to: subscription)
      }
      if session.isStreaming {
        if !session.isBlocked { enqueue(session) }
      } else if session.isJSONLines, case .resuming = session.phase {
        sendHead(session)
      }
    }
  }

  /// The mailbox reported that a run is not in the history. Responds to the request that waits for it.
  func runIsMissing(_ name: ChannelName, _ session: EventStreamSession, hasFailed: Bool) {
    guard case .waiting(let wait) = session.phase, wait.channel == name else { return }
    if hasFailed { return refuseForNow(session) }
    wait.plan.isSought = false
    switch session.handler.configuration.missingChannel {
    case .notFound: rejectUnknown(session, wait.requested)
    case .finished: reject(session, .finished)
    case .waits: return
    }
  }

  /// Asks the authorizer and the application.
  func begin(_ session: EventStreamSession, _ pending: PendingAnswer) {
    if let ready = pending.ready { return answered(session, ready) }
    guard pending.task == nil else { return }
    pending.end = now + Self.answerTime
    pending.task = Task(executorPreference: hub.configuration.taskExecutor) { [mailbox, work = pending.work] in
      mailbox.post(.runAnswered(session, await work()))
    }
    schedule(session)
  }

  /// The mailbox delivered the answer.
  func answered(_ session: EventStreamSession, _ answer: RunAnswer) {
    guard case .answering(let pending) = session.phase else { return }
    pending.task = nil
    switch answer {
    case .rejection(let rejection): reject(session, rejection)
    case .head(let head):
      session.response.start(
        EventStreamResponseHead(
          status: head.status, fields: head.fields + session.crossOriginFields, body: head.body))
      close(session)
    case .stream(let plan, let grant, let fields):
      session.crossOriginFields += fields
      open(session, plan, grant)
    }
  }
}
