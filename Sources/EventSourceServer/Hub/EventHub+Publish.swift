public import EventSourceFormat

extension EventHub {
  /// How far an awaited publication has come when it returns.
  public enum Milestone: Sendable, Hashable {
    /// The event is in the channel's log, and in its repository if that records; readers are being offered it.
    case published
    /// Every lane has offered the event to those of its readers that take anything at present.
    case offered
  }

  /// Publishes an event to a channel. Never waits for a reader.
  ///
  /// Any thread. Encodes the event once into the channel's log; the cost does not depend on the number of readers.
  ///
  /// - Parameter key: What the event is about, for channels that give slow readers only the newest of each; nil: its
  ///   type is.
  /// - Returns: The event's ID: its own, or the one that the hub made for it.
  /// - Throws: ``PublishError``, `EventStreamFormatError`, or what the event's conversion throws; nothing is sent then.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to name: ChannelName, key: String? = nil
  ) throws -> EventID {
    try append(prepare(event.serverSentEvent, key: key), to: name)
  }

  /// Publishes an event to several channels, in each with an ID of that channel unless the event has one of its own.
  ///
  /// - Returns: The IDs, in the order of the names.
  /// - Throws: As for one channel; if any channel is unknown nothing is sent to any.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to names: [ChannelName], key: String? = nil
  ) throws -> [EventID] {
    let event = try prepare(event.serverSentEvent, key: key)
    for name in names where try channel(name).withState({ $0.recorder != nil }) {
      throw PublishError.recordingChannel(name)
    }
    return try names.map { try append(event, to: $0) }
  }

  /// Publishes an event and waits: for the channel's repository, if that records, and for the lanes, if so asked.
  ///
  /// Publications to a channel whose repository records are done in the order of the calls, those that wait together.
  /// A publication that has begun is not undone when its task is cancelled.
  ///
  /// - Returns: The event's ID, when the milestone is reached.
  /// - Throws: As the synchronous form, and what the repository throws: the event is then not published.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to name: ChannelName, key: String? = nil, awaiting milestone: Milestone
  ) async throws -> EventID {
    let event = try prepare(event.serverSentEvent, key: key)
    let channel = try channel(name)
    let id = try await publish(event, to: channel)
    if milestone == .offered { await offered(in: channel) }
    return id
  }

  /// Publishes an event to several channels and waits, as for one channel; to one after the other.
  ///
  /// - Returns: The IDs, in the order of the names, when the milestone is reached in all of them.
  /// - Throws: As for one channel. If any channel is unknown nothing is sent to any; if a repository fails, the event
  ///   is in the channels that were named before its own.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to names: [ChannelName], key: String? = nil,
    awaiting milestone: Milestone
  ) async throws -> [EventID] {
    let event = try prepare(event.serverSentEvent, key: key)
    let channels = try names.map { try channel($0) }
    var ids: [EventID] = []
    for channel in channels { ids.append(try await publish(event, to: channel)) }
    if milestone == .offered {
      for channel in channels { await offered(in: channel) }
    }
    return ids
  }

  /// Publishes a comment, which readers' programs do not see. No repository records it.
  public func publish(comment: String, to name: ChannelName) throws {
    let byteCount = try EventStreamEncoder.byteCount(ofComment: comment) + 1
    try checkSize(byteCount)
    let channel = try channel(name)
    let audiences = channel.withState { state in
      state.log.append(
        byteCount: byteCount, idHash: 0, sequence: state.nextSequence, now: now,
        limits: configuration.log, home: home(of: channel)
      ) { memory in
        let used = EventStreamEncoder.write(comment: comment, to: memory)
        memory[used] = UInt8(ascii: "\n")
      }
      return state.audiences
    }
    announce(audiences)
  }

  private func prepare(_ event: consuming ServerSentEvent, key: String?) throws -> PreparedEvent {
    if let id = event.id, id.rawValue.isEmpty { throw PublishError.emptyID }
    let byteCount = try EventStreamEncoder.byteCount(of: event)
    try checkSize(byteCount)
    return PreparedEvent(event: event, byteCount: byteCount, key: key)
  }

  private func checkSize(_ byteCount: Int) throws(PublishError) {
    guard byteCount <= configuration.maximumEventBytes else {
      throw .eventTooLarge(bytes: byteCount, limit: configuration.maximumEventBytes)
    }
  }

  private enum Outcome {
    case done(EventID)
    /// The channel was removed after it was found.
    case removed
    /// The channel's events have to be recorded first.
    case recording
  }

  private func publish(_ event: PreparedEvent, to channel: EventChannel) async throws -> EventID {
    switch append(event, to: channel, isRecorded: false) {
    case .done(let id): return id
    case .removed: throw PublishError.unknownChannel(channel.name)
    case .recording: return try await channel.recording.record(event, in: self, channel)
    }
  }

  /// Publishes an event that the channel's repository has.
  func appendRecorded(_ event: PreparedEvent, to channel: EventChannel) throws(PublishError) -> EventID {
    guard case .done(let id) = append(event, to: channel, isRecorded: true) else {
      throw .unknownChannel(channel.name)
    }
    return id
  }

  private func append(_ event: PreparedEvent, to name: ChannelName) throws(PublishError) -> EventID {
    while true {
      switch append(event, to: try channel(name), isRecorded: false) {
      case .done(let id): return id
      case .recording: throw .recordingChannel(name)
      // It is looked up once more: there may be another one, or one may be made.
      case .removed: continue
      }
    }
  }

  private func append(_ prepared: PreparedEvent, to channel: EventChannel, isRecorded: Bool) -> Outcome {
    let key = channel.slowReaders == .newestPerKey ? prepared.keyHash : 0
    let (outcome, byteCount, audiences) = channel.withState { state -> (Outcome, Int, [LaneAudience]) in
      guard !state.isRemoved else { return (.removed, 0, []) }
      guard isRecorded || state.recorder == nil else { return (.recording, 0, []) }
      let sequence = state.nextSequence
      let id = prepared.event.id ?? makeID(sequence)
      let byteCount = prepared.byteCount(with: id)
      var text = id.rawValue
      // Every event takes a number, also one with an ID of its own, so that the numbers of a channel count its events.
      state.nextSequence += 1
      state.log.append(
        byteCount: byteCount, idHash: text.withUTF8 { ChannelLog.hash($0) }, key: key,
        sequence: sequence, now: now, limits: configuration.log, home: home(of: channel)
      ) { _ = EventStreamEncoder.write(prepared.event, id: id, to: $0) }
      return (.done(id), byteCount, state.audiences)
    }
    if byteCount > 0 {
      counters.published(bytes: byteCount)
      announce(audiences)
    }
    return outcome
  }

  private func announce(_ audiences: [LaneAudience]) {
    for audience in audiences { audience.mark() }
    if budget.isExceeded { giveUpOldest() }
  }

  private func offered(in channel: EventChannel) async {
    let audiences = channel.withState { $0.audiences }
    guard !audiences.isEmpty else { return }
    let acknowledgement = OfferAcknowledgement(lanes: audiences.count)
    for audience in audiences { audience.mailbox.post(.acknowledge(acknowledgement)) }
    await acknowledgement.wait()
  }

  private func makeID(_ sequence: UInt64) -> EventID {
    EventID(unchecked: "\(epoch)-\(sequence)")
  }

  /// The number in an ID that this hub made; nil: it did not.
  func sequence(ofID id: String) -> UInt64? {
    guard id.utf8.count > epoch.utf8.count + 1, id.hasPrefix(epoch) else { return nil }
    let rest = id.utf8.dropFirst(epoch.utf8.count)
    guard rest.first == UInt8(ascii: "-"), rest.dropFirst().allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    return UInt64(String(rest.dropFirst())!)
  }
}
