import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// Connects readers, varies how much they accept, and disconnects them.
extension Schedule {
  func connectNew() {
    let channels =
      Bool.random(using: &random)
      ? [random.one(of: options.names)]
      : Array(options.names.shuffled(using: &random).prefix(Int.random(in: 1...options.names.count, using: &random)))
    let usesAliases = options.hasAuthorizer && random.isOnce(in: 6)
    let reader = ModelReader(number: readers.count, channels: channels, usesAliases: usesAliases, world: self)
    readers.append(reader)
    reconnect(reader)
  }

  func reconnect(_ reader: ModelReader, isSlowAllowed: Bool = true) {
    guard reader.visit.map({ $0.isJudged || $0.connection.isFinished || $0.isDisconnected }) ?? true else { return }
    // An application that stores first publishes an event before a reader that has received it can return.
    let isEarly = reader.channels.contains { reader.progress[$0]!.next > ledger.published[$0] ?? 0 }
    if options.history == .storedFirst, isEarly { return }
    guard let stack = stacks.filter({ !$0.isClosed && !$0.isDraining }).randomElement(using: &random) else { return }
    reader.takeIn()
    if reader.visit?.connection.response.head?.status == 410 { reader.forgetEverything() }
    guard let handler = handlers.filter({ fits($0, reader) }).randomElement(using: &random) else { return }
    connect(reader, handler, stack, isSlow: isSlowAllowed && Bool.random(using: &random))
  }

  /// Returns whether an endpoint suits a reader. It does not if its own channels include one that the reader did not
  /// request.
  private func fits(_ handler: EventStreamHandler, _ reader: ModelReader) -> Bool {
    handler.configuration.channels.allSatisfy { own in
      !reader.usesAliases && reader.channels.contains { channelName($0) == own }
    }
  }

  private func connect(_ reader: ModelReader, _ handler: EventStreamHandler, _ stack: ScheduleStack, isSlow: Bool) {
    guard let simulated = stack.stack else { return }
    attempts += 1
    var request = ReaderRequest(
      reader, reader.channels.map { reader.requestedName($0) }, handler.configuration, attempt: attempts, &random)
    if options.hub.maximumReadersPerCaller == nil, random.isOnce(in: 30) {
      request.sendGarbage(&random)
      reader.forgetEverything(mayRepeat: true)
    }
    for kind in request.kinds { coverage.note(.request(kind)) }
    let connection = simulated.connect(
      handler, request.request, channels: request.routeChannels, room: isSlow ? random.one(of: [0, 10, 300]) : .max)
    note(.serve)
    let visit = ReaderVisit(
      attempt: attempts, stack: stack, endpoint: handler.configuration, connection: connection,
      sentID: request.lastEventID, reader: reader)
    let own = handler.configuration.channels
    visit.channels = reader.channels.filter { own.contains(channelName($0)) }
    visit.channels += reader.channels.filter { !own.contains(channelName($0)) }
    visit.livesWhenAsked = ledger.lives
    visit.publishedWhenAsked = ledger.published
    visit.hadState = Set(options.names.filter { snapshots.published[$0]?.isEmpty == false })
    visit.hadEvents = Set(options.names.filter { ledger.hasPublished(in: $0) })
    visit.stoodStillWhenAsked = stack.stoodStill
    visit.sentSoundID = reader.hasSoundID && request.isSound
    visit.hasSoundIDs = handler.configuration.maximumLastEventIDBytes >= 4096
    if isSlow {
      visit.becomeSlow()
      note(.noRoom)
    }
    if isSlow, random.isOnce(in: 2) {
      connection.response.largestWrite = random.one(of: [1, 7, 64])
      note(.shortWrites)
    } else if isSlow, options.focus == .keeping || random.isOnce(in: 4) {
      visit.keepsBytes = true
      connection.response.keepLimit = random.one(of: [1, 300, 8 << 10])
      note(.keepsBytes)
    }
    trace(
      "reader \(reader.number) of \(reader.channels) asks \(stack.index) \(request.request.target.prefix(60)) after "
        + "\(request.lastEventID?.prefix(90) ?? "nothing"), slow \(isSlow)"
    )
    reader.begin(visit)
    visits.append(visit)
    watch(visit, reader)
    if !connection.isFinished, options.hasAuthorizer == false || random.isOnce(in: 2), !stack.isSuspended {
      // The reader gets its position before anything else is published.
      run(stack)
    }
  }

  private func watch(_ visit: ReaderVisit, _ reader: ModelReader) {
    let response = visit.connection.response
    response.onStart = { [weak self, weak visit, weak reader] in
      guard let self, let visit, let reader else { return }
      guard case .stream? = visit.connection.response.head?.body else { return }
      visit.opened = visit.now
      trace("  reader \(reader.number) has its head")
      visit.lastWrite = visit.now
      takeGrant(of: visit, isOpening: true)
      if reader.visit === visit { reader.headCame(visit) }
    }
    response.beforeWrite = { [weak self, weak visit] in
      guard let self, let visit else { return }
      // Earlier bytes are judged as of the time at which they were written.
      if visit.channels.contains(where: { self.window($0, visit) != nil }) { visit.reader.takeIn() }
      visit.lastWrite = visit.now
      if let end = visit.grantEnd, visit.now >= end {
        report(.authorization, "bytes are written \(visit.now - end) after the end of the grant")
      }
      if visit.hasToEnd { report(.authorization, "bytes are written after the permission was taken back") }
      // Simulates other threads that publish while a lane delivers.
      if isPublishing, random.isOnce(in: 8) {
        note(.publishWhileDelivering)
        publishOne(to: random.one(of: options.names))
      }
    }
  }

  /// Records what the authorizer has decided about a stream since the last run of the lane.
  func takeGrant(of visit: ReaderVisit, isOpening: Bool = false) {
    guard options.hasAuthorizer, let decisions = authorizer.decisions[visit.attempt], decisions.count > visit.decisions,
      case .granted(let grant)? = decisions.last
    else { return }
    visit.decisions = decisions.count
    let end = grant.expiresAfter.map { visit.now + $0 }
    // The decision may not have reached the lane yet. Until the next one, the previous decision is accepted, too.
    visit.grantEnd = isOpening ? end : visit.lastGrantEnd.flatMap { last in end.map { max(last, $0) } }
    visit.lastGrantEnd = end
    guard isOpening else { return }
    visit.firstGrantEnd = grant.expiresAfter.map { visit.came + $0 }
    visit.identity = grant.identity
    if let granted = grant.channels {
      visit.channels = visit.channels.filter {
        granted.contains(ChannelName(stringLiteral: visit.reader.requestedName($0)))
      }
      visit.isFullyGranted = visit.channels.count == granted.count && granted.count > 0
      visit.hasSoundIDs = false
    }
  }

  func read(_ reader: ModelReader, _ count: Int) {
    guard let visit = reader.visit else { return }
    note(.reads)
    trace("reader \(reader.number) reads \(count)")
    visit.blockedSince = nil
    if visit.connection.response.needsWritableNotification { note(.becameWritable) }
    visit.connection.read(count)
    if random.isOnce(in: 4) { visit.becomeFast() }
  }

  func disconnect(_ reader: ModelReader) {
    guard let visit = reader.visit, !visit.isDisconnected else { return }
    note(.hangsUp)
    trace("reader \(reader.number) hangs up")
    note(.peerDisconnected)
    reader.takeIn()
    visit.hasLeft = true
    visit.connection.disconnect()
    note(.isFinished)
  }

  /// Drains one stream, or a request that is not a stream yet, as a stack does before it closes the connection.
  func drain(_ reader: ModelReader) {
    guard let visit = reader.visit, !visit.connection.isFinished, !visit.stack.isClosed else { return }
    note(.sessionDrain)
    let window = Duration.milliseconds(Int.random(in: 0...3000, using: &random))
    trace("reader \(reader.number) is drained over \(window)")
    // A stream that is drained again ends at the earlier time.
    if window + visit.now < visit.drainEnd ?? .seconds(Int64.max) {
      visit.drainEnd = window + visit.now
      visit.stoodStillWhenDrained = visit.stack.stoodStill
    }
    visit.connection.session.drain(over: window)
  }

  /// Breaks the network connection. The stack detects it at its next write.
  func cut(_ reader: ModelReader) {
    guard let visit = reader.visit else { return }
    note(.cut)
    reader.takeIn()
    visit.connection.response.isDisconnected = true
    visit.isDisconnected = true
  }
}
