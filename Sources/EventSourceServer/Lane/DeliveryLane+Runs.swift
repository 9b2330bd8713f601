internal import EventSourceFormat

/// Streams that end with what they read, and requests that the application answers.
extension DeliveryLane {
  /// How long the authorizer and the application may take together, in nanoseconds.
  private static let answerTime: Int64 = 30_000_000_000

  /// The stream counts as a viewer of its run, so that the run is not taken for one that nobody watches.
  func watchRun(_ session: EventStreamSession) {
    for subscription in session.subscriptions {
      subscription.isViewing = true
      subscription.channel.run?.store.apply(.viewerCame, to: subscription.channel)
    }
  }

  /// Whether a stream is not begun now: because the viewer has all of a run that is over, and is told so, or because it
  /// gets the run when that is over.
  func isWaitingForRun(_ session: EventStreamSession, _ plan: StreamPlan) -> Bool {
    guard let subscription = session.subscriptions.first, let runs = session.handler.runs else { return false }
    let (isEnded, end) = subscription.channel.withState { ($0.isEnded, $0.log.end) }
    guard isEnded else { return plan.isJSONLines }
    guard plan.lastEventID != nil, subscription.state == .live, subscription.cursor >= end else { return false }
    reject(session, runs.configuration.responseAfterEnd)
    return true
  }

  /// Ends a stream of a run that is over, once the viewer has all of it.
  func endWithRun(_ session: EventStreamSession) {
    guard session.isOpen, session.handler.runs != nil, let subscription = session.subscriptions.first,
      subscription.state == .live
    else { return }
    let hasAll = subscription.channel.withState { $0.isEnded && $0.log.end <= subscription.cursor }
    if hasAll { finish(session, .runEnded, ending: .complete) }
  }

  /// The mailbox brought it. Each viewer takes the rest at its own pace.
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

  /// The mailbox brought it: requests that wait for a run to be read from its history.
  func runIsMissing(_ name: ChannelName, hasFailed: Bool) {
    for session in (waitingRequests[name] ?? [:]).values {
      guard case .waiting(let wait) = session.phase, session.handler.runs != nil else { continue }
      if hasFailed {
        refuseForNow(session)
        continue
      }
      switch session.handler.configuration.missingChannel {
      case .notFound: reject(session, .unknownChannel(wait.requested))
      case .finished: reject(session, .finished)
      case .waits: continue
      }
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

  /// The mailbox brought the answer.
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
