internal import EventSourceFormat

/// Streams that end with what they read, and requests that the application answers.
extension DeliveryLane {
  /// How long the authorizer and the application may take together, in nanoseconds.
  private static let answerTime: Int64 = 30_000_000_000

  /// The stream counts as a viewer of its run, so that the run is not taken for one that nobody watches.
  func watchRun(_ exchange: EventStreamExchange) {
    for subscription in exchange.subscriptions {
      subscription.isViewing = true
      subscription.channel.run?.store.apply(.viewerCame, to: subscription.channel)
    }
  }

  /// Whether a stream is not begun now: because the viewer has all of a run that is over, and is told so, or because it
  /// gets the run when that is over.
  func isWaitingForRun(_ exchange: EventStreamExchange, _ plan: StreamPlan) -> Bool {
    guard let subscription = exchange.subscriptions.first, let runs = exchange.handler.runs else { return false }
    let (isEnded, end) = subscription.channel.withState { ($0.isEnded, $0.log.end) }
    guard isEnded else { return plan.isJSONLines }
    guard plan.lastEventID != nil, subscription.state == .live, subscription.cursor >= end else { return false }
    refuse(exchange, runs.configuration.responseAfterEnd)
    return true
  }

  /// Ends a stream of a run that is over, once the viewer has all of it.
  func endWithRun(_ exchange: EventStreamExchange) {
    guard exchange.isOpen, exchange.handler.runs != nil, let subscription = exchange.subscriptions.first,
      subscription.state == .live
    else { return }
    let hasAll = subscription.channel.withState { $0.isEnded && $0.log.end <= subscription.cursor }
    if hasAll { finish(exchange, .runEnded, ending: .complete) }
  }

  /// The mailbox brought it. Each viewer takes the rest at its own pace.
  func runEnded(_ channel: EventChannel) {
    for subscription in subscriptions(of: channel) {
      let exchange = subscription.exchange
      leaveCohort(exchange)
      if subscription.state == .live, channel.hasUnread(behind: subscription.cursor) {
        apply(.published, to: subscription)
      }
      if exchange.isStreaming {
        if !exchange.isBlocked { enqueue(exchange) }
      } else if exchange.isJSONLines, case .resuming = exchange.phase {
        sendHead(exchange)
      }
    }
  }

  /// The mailbox brought it: requests that wait for a run to be read from its history.
  func runIsMissing(_ name: ChannelName, hasFailed: Bool) {
    for exchange in (waitingRequests[name] ?? [:]).values {
      guard case .waiting(let wait) = exchange.phase, exchange.handler.runs != nil else { continue }
      if hasFailed {
        refuseForNow(exchange)
        continue
      }
      switch exchange.handler.configuration.missingChannel {
      case .notFound: refuse(exchange, .unknownChannel(wait.requested))
      case .finished: refuse(exchange, .finished)
      case .waits: continue
      }
    }
  }

  /// Asks the authorizer and the application.
  func begin(_ exchange: EventStreamExchange, _ pending: PendingAnswer) {
    if let ready = pending.ready { return answered(exchange, ready) }
    guard pending.task == nil else { return }
    pending.end = now + Self.answerTime
    pending.task = Task(executorPreference: hub.configuration.taskExecutor) { [mailbox, work = pending.work] in
      mailbox.post(.runAnswered(exchange, await work()))
    }
    schedule(exchange)
  }

  /// The mailbox brought the answer.
  func answered(_ exchange: EventStreamExchange, _ answer: RunAnswer) {
    guard case .answering(let pending) = exchange.phase else { return }
    pending.task = nil
    switch answer {
    case .refusal(let refusal): refuse(exchange, refusal)
    case .head(let head):
      exchange.response.start(
        EventStreamResponseHead(
          status: head.status, fields: head.fields + exchange.crossOriginFields, body: head.body))
      close(exchange)
    case .stream(let plan, let grant, let fields):
      exchange.crossOriginFields += fields
      open(exchange, plan, grant)
    }
  }
}
