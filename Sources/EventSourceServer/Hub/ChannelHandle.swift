import Synchronization

public import EventSourceFormat

/// One channel of a hub, for frequent publishing. A publication needs no lookup by name.
///
/// ``EventHub/channel(_:)`` returns one. A handle refers to one life of the channel. After the channel is removed, the
/// handle throws ``PublishError/channelRemoved(_:)``, even if another channel is opened under the same name; that
/// channel has its own readers and IDs. A channel that was created on demand is not forgotten while it has a handle. A
/// handle retains its hub. Safe to use from any thread.
public final class ChannelHandle: Sendable {
  let hub: EventHub
  let channel: EventChannel

  /// - Parameter channel: The channel. The caller has already counted the handle.
  fileprivate init(_ channel: EventChannel, of hub: EventHub) {
    self.hub = hub
    self.channel = channel
  }

  deinit {
    channel.withState { $0.handles -= 1 }
    hub.forgetIfUnused(channel)
  }

  /// The channel's name.
  public var name: ChannelName { channel.name }

  /// Whether the channel was removed. A removed channel does not come back.
  public var isRemoved: Bool { channel.withState { $0.isRemoved } }

  /// The number of streams that read the channel, including requests that wait for its repository before they become
  /// streams.
  public var readerCount: Int { channel.withState { $0.readers } }

  /// The channel's retained events and the progress of its readers. Takes the channel's lock briefly, so do not call it
  /// for every event.
  public var statistics: ChannelStatistics { hub.statistics(of: channel) }

  /// The channel's rules.
  public var configuration: ChannelConfiguration { channel.withState { $0.rules.configuration } }

  /// Changes the channel's rules while it is open, as ``EventHub/reconfigure(_:_:)`` does.
  public func reconfigure(_ change: (inout ChannelConfiguration) -> Void) throws(ReconfigurationError) {
    try hub.reconfigure(channel, change)
  }

  /// Removes the channel, as ``EventHub/removeChannel(_:)`` does, but never another channel that has the same name by
  /// now. Does nothing if the channel is already removed.
  public func remove() { hub.removeChannel(name, if: channel) }
}

extension ChannelHandle {
  /// Publishes an event. Never waits for a reader.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - coalescingKey: The key, for channels whose slow readers get only the newest event of each. `nil` means the
  ///     type.
  /// - Returns: The event's ID: its own, or the one that the hub generated.
  /// - Throws: ``PublishError``, `EventStreamFormatError`, or any error from converting the event. If it throws,
  ///   nothing was sent.
  @discardableResult
  public func publish(_ event: some ServerSentEventConvertible, coalescingKey: String? = nil) throws -> EventID {
    let event = try hub.prepare(event.serverSentEvent, key: coalescingKey)
    try checkOpen()
    switch try hub.append(event, to: channel, isRecordedBy: nil) {
    case .done(let id): return id
    case .recording: throw PublishError.recordingChannel(name)
    case .removed: throw PublishError.channelRemoved(name)
    }
  }

  /// Publishes an event and waits until it has reached a milestone. Ends like the asynchronous `publish` of
  /// ``EventHub``.
  ///
  /// An event that is waiting for the repository when the channel is removed has been accepted. It is recorded, and
  /// then published as described in the table *The life of a channel* in <doc:Guarantees>.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - coalescingKey: The key, for channels whose slow readers get only the newest event of each. `nil` means the
  ///     type.
  ///   - milestone: When to return.
  /// - Returns: The event's ID.
  /// - Throws: The errors of the synchronous form, and any error from the repository. If the repository throws, the
  ///   event is not published.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, coalescingKey: String? = nil, waitingUntil milestone: EventHub.Milestone
  ) async throws -> EventID {
    let event = try hub.prepare(event.serverSentEvent, key: coalescingKey)
    try checkOpen()
    guard let id = try await hub.publish(event, to: channel) else { throw PublishError.channelRemoved(name) }
    if milestone == .offered { try await hub.offered(in: channel) }
    return id
  }

  /// Publishes a comment, which clients do not report to the application. No repository records it.
  public func publish(comment: String) throws {
    try checkOpen()
    guard try hub.publish(comment: comment, to: channel) else { throw PublishError.channelRemoved(name) }
  }

  private func checkOpen() throws(PublishError) {
    guard hub.admissions.phase != .closed else { throw .closed }
  }
}

extension EventHub {
  /// Returns a handle to a channel. Publishing through it needs no lookup.
  ///
  /// - Throws: ``PublishError/unknownChannel(_:)`` if there is no such channel. A hub that creates channels on demand
  ///   creates it instead, and throws ``PublishError/tooManyChannels(limit:)`` at the limit. Also throws
  ///   ``PublishError/closed``.
  public func channel(_ name: ChannelName) throws(PublishError) -> ChannelHandle {
    while true {
      let channel = try findChannel(name)
      let isOpen = channel.withState { state in
        guard !state.isRemoved else { return false }
        state.handles += 1
        return true
      }
      // The channel was removed after the lookup. Look it up again.
      if isOpen { return ChannelHandle(channel, of: self) }
    }
  }
}
