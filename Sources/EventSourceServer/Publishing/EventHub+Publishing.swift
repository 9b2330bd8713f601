import Synchronization

public import EventSourceFormat

extension EventHub {
  /// How far an event has progressed when `publish` returns.
  public enum Milestone: Sendable, Hashable {
    /// The event is in the channel's log and, if the channel has a recording repository, in the repository. Readers are
    /// being offered it.
    case stored
    /// Every lane has offered the event to those of its readers that are accepting data.
    case offered
  }

  /// Publishes an event to a channel. Never waits for a reader.
  ///
  /// Safe to call from any thread. Encodes the event once into the channel's log; the cost does not depend on the
  /// number of readers.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - name: The channel.
  ///   - coalescingKey: The key, for channels whose slow readers get only the newest event of each. `nil` means the
  ///     type.
  /// - Returns: The event's ID: its own, or the one that the hub generated.
  /// - Throws: ``PublishError``, `EventStreamFormatError`, or any error from converting the event. If it throws,
  ///   nothing was sent.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to name: ChannelName, coalescingKey: String? = nil
  ) throws -> EventID {
    try append(prepare(event.serverSentEvent, key: coalescingKey), to: name)
  }

  /// Publishes an event to several channels. Without an ID of its own, it gets a generated ID in each channel.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - names: The channels. A channel that is named twice gets the event once.
  ///   - coalescingKey: The key, as for one channel.
  /// - Returns: The IDs, in the order of the names.
  /// - Throws: As for one channel. If any channel is unknown, records, or cannot accept the event's ID, nothing is sent
  ///   to any of them.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to names: [ChannelName], coalescingKey: String? = nil
  ) throws -> [EventID] {
    let event = try prepare(event.serverSentEvent, key: coalescingKey)
    for name in names {
      let channel = try findChannel(name)
      if channel.withState({ $0.isRecorded }) { throw PublishError.recordingChannel(name) }
      try checkID(of: event, in: channel)
    }
    var ids: [ChannelName: EventID] = [:]
    return try names.map { name in
      if let id = ids[name] { return id }
      let id = try append(event, to: name)
      ids[name] = id
      return id
    }
  }

  /// Publishes an event and waits until it has reached a milestone. A recording repository stores the event first.
  ///
  /// A recording repository gets events in the order of the calls, and those that are waiting in one batch. If the task
  /// is cancelled or the hub is closed while this waits, it throws `CancellationError` or ``PublishError/closed`` if
  /// the event was not recorded, and ``PublishError/outcomeUnknown(_:)`` if the repository has it and has not
  /// responded. An error while it waits for ``Milestone/offered`` means that the event has been published.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - name: The channel.
  ///   - coalescingKey: The key, for channels whose slow readers get only the newest event of each. `nil` means the
  ///     type.
  ///   - milestone: When to return.
  /// - Returns: The event's ID.
  /// - Throws: The errors of the synchronous form, and any error from the repository. If the repository throws, the
  ///   event is not published.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to name: ChannelName, coalescingKey: String? = nil,
    waitingUntil milestone: Milestone
  ) async throws -> EventID {
    let event = try prepare(event.serverSentEvent, key: coalescingKey)
    let id = try await publish(event, to: name)
    if milestone == .offered { try await offered(in: name) }
    return id
  }

  /// Publishes an event to several channels, one after the other, and waits until it has reached a milestone in all of
  /// them.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - names: The channels. A channel that is named twice gets the event once.
  ///   - coalescingKey: The key, as for one channel.
  ///   - milestone: When to return.
  /// - Returns: The IDs, in the order of the names.
  /// - Throws: As for one channel. If any channel is unknown, nothing is sent to any. If a repository fails, the event
  ///   is already in the channels named before that one.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to names: [ChannelName], coalescingKey: String? = nil,
    waitingUntil milestone: Milestone
  ) async throws -> [EventID] {
    let event = try prepare(event.serverSentEvent, key: coalescingKey)
    for name in names { try checkID(of: event, in: try findChannel(name)) }
    var ids: [ChannelName: EventID] = [:]
    for name in names where ids[name] == nil { ids[name] = try await publish(event, to: name) }
    if milestone == .offered {
      for name in ids.keys { try await offered(in: name) }
    }
    return names.compactMap { ids[$0] }
  }

  /// Publishes a comment, which clients do not report to the application. No repository records it.
  public func publish(comment: String, to name: ChannelName) throws {
    // If the channel is removed after the lookup, it is looked up again.
    while try !publish(comment: comment, to: findChannel(name)) {}
  }
}

extension EventHub {
  func prepare(_ event: consuming ServerSentEvent, key: String?) throws -> PreparedEvent {
    do {
      try event.id?.checkReturnable()
    } catch {
      throw PublishError.unusableID(error)
    }
    let byteCount = try EventStreamEncoder.byteCount(of: event)
    try checkSize(byteCount)
    return PreparedEvent(event: event, byteCount: byteCount, key: key)
  }

  /// Publishes a comment.
  ///
  /// - Returns: `false` if the channel was removed after the lookup.
  func publish(comment: String, to channel: EventChannel) throws -> Bool {
    let byteCount = try EventStreamEncoder.byteCount(ofComment: comment) + 1
    try checkSize(byteCount)
    let audiences = channel.withState { state -> [LaneAudience]? in
      guard !state.isRemoved else { return nil }
      state.log.append(
        byteCount: byteCount, id: .none, now: now, limits: state.rules.limits, owner: owner(of: channel)
      ) { memory in
        let used = EventStreamEncoder.write(comment: comment, to: memory)
        memory[used] = UInt8(ascii: "\n")
      }
      return state.audiences
    }
    guard let audiences else { return false }
    announce(audiences, in: channel)
    return true
  }

  func checkSize(_ byteCount: Int) throws(PublishError) {
    let limit = min(configuration.maximumEventBytes, budget.largestBlock)
    guard byteCount <= limit else { throw .eventTooLarge(bytes: byteCount, limit: limit) }
  }

  private func checkID(of event: PreparedEvent, in channel: EventChannel) throws(PublishError) {
    guard let id = event.event.id, !isFree(id, in: channel) else { return }
    throw .generatedID(id, channel.name)
  }

  /// The result of an attempt to publish.
  enum Outcome {
    case done(EventID)
    /// The channel was removed after the lookup.
    case removed
    /// The channel's events must be recorded first.
    case recording
  }

  private func publish(_ event: PreparedEvent, to name: ChannelName) async throws -> EventID {
    while true {
      if let id = try await publish(event, to: try findChannel(name)) { return id }
    }
  }

  /// Publishes an event, after recording it if the channel's repository records.
  ///
  /// - Returns: `nil` if the channel was removed after the lookup.
  func publish(_ event: PreparedEvent, to channel: EventChannel) async throws -> EventID? {
    switch try append(event, to: channel, isRecordedBy: nil) {
    case .done(let id): id
    case .recording: try await channel.makeRecording()?.record(event, in: self)
    case .removed: nil
    }
  }

  /// Publishes an event to a channel whose repository does not record.
  func append(_ event: PreparedEvent, to name: ChannelName) throws(PublishError) -> EventID {
    while true {
      switch try append(event, to: try findChannel(name), isRecordedBy: nil) {
      case .done(let id): return id
      case .recording: throw .recordingChannel(name)
      // Look the channel up again. There may be another one, or one may be created.
      case .removed: continue
      }
    }
  }

  /// Publishes a recorded event to the channel that has the repository now. If there is none, the event is only in the
  /// history, where the next replay finds it.
  func appendRecorded(_ event: PreparedEvent, by recorder: any RecordingEventRepository, to name: ChannelName) {
    while let channel = channels.withLock({ $0[name] }) {
      if case .removed? = try? append(event, to: channel, isRecordedBy: recorder, isRecorded: true) { continue }
      return
    }
  }

  /// Returns whether two repositories are the same: the same object or, for repositories that are values, the same
  /// type.
  func isSame(_ left: any RecordingEventRepository, _ right: any RecordingEventRepository) -> Bool {
    guard type(of: left) == type(of: right) else { return false }
    return !(type(of: left) is AnyClass) || (left as AnyObject) === (right as AnyObject)
  }

  /// Returns the repository that records a channel's events now. Creates the channel if the hub creates channels on
  /// demand.
  func recorder(of name: ChannelName) -> (any RecordingEventRepository)? {
    (try? findChannel(name))?.withState { $0.recorder }
  }

  /// Appends an event to the channel's log.
  ///
  /// - Parameter isRecorded: Whether there is a recorder. Other callers pass `false`, so that the optional is not
  ///   accessed, which would copy it.
  func append(
    _ prepared: PreparedEvent, to channel: EventChannel, isRecordedBy recorder: (any RecordingEventRepository)?,
    isRecorded: Bool = false
  ) throws(PublishError) -> Outcome {
    if !isRecorded { try checkID(of: prepared, in: channel) }
    let key = channel.isKeyed.load(ordering: .relaxed) ? prepared.keyHash : 0
    let ownID = prepared.event.id
    let entryID = ownID.map { EntryID(own: $0.rawValue) } ?? .generated
    let prewritten = PrewrittenBlock.of(prepared, idPrefix: channel.idPrefix)
    let (outcome, byteCount, audiences) = channel.withState { state -> (Outcome, Int, [LaneAudience]) in
      guard !state.isRemoved else { return (.removed, 0, []) }
      if isRecorded {
        guard let recorder, let current = state.recorder, isSame(current, recorder) else {
          return (.recording, 0, [])
        }
      } else if state.isRecorded {
        return (.recording, 0, [])
      }
      // Every block gets a number, even an event with its own ID, so that events can be found by counting.
      let id = ownID ?? EventID(unchecked: channel.idPrefix + String(state.log.endOrdinal + 1))
      let byteCount = prepared.byteCount(with: id)
      state.newestOwnID = ownID
      state.log.append(
        byteCount: byteCount, id: entryID, key: key, now: now, limits: state.rules.limits, prewritten: prewritten,
        owner: owner(of: channel)
      ) { memory in
        if let prewritten { return prewritten.finish(id, in: memory) }
        _ = EventStreamEncoder.write(prepared.event, id: id, to: memory)
      }
      return (.done(id), byteCount, state.audiences)
    }
    if byteCount > 0 {
      counters.published(bytes: byteCount)
      announce(audiences, in: channel)
    }
    return outcome
  }

  private func announce(_ audiences: [LaneAudience], in channel: EventChannel) {
    for audience in audiences { audience.mark() }
    if budget.isExceeded { reclaim(for: channel) }
  }

  private func offered(in name: ChannelName) async throws {
    if let channel = channels.withLock({ $0[name] }) { try await offered(in: channel) }
  }

  /// Returns when everything published to a channel has been offered to its readers.
  func offered(in channel: EventChannel) async throws {
    let audiences = channel.withState { $0.audiences }
    guard !audiences.isEmpty else { return }
    let acknowledgement = OfferAcknowledgement(lanes: audiences.count)
    for audience in audiences { audience.mailbox.post(.acknowledge(acknowledgement, channel)) }
    try await offers.wait(for: acknowledgement)
  }
}
