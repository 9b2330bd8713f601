import Synchronization

public import EventSourceFormat

/// One channel of a hub, for whoever publishes to it often: nothing is looked up, and nothing but the event is said.
///
/// ``EventHub/channel(_:)`` returns one. It means one life of the channel: when the channel is removed, it throws
/// ``PublishError/channelRemoved(_:)`` from then on, also if another channel is opened under the name, whose readers
/// and IDs have nothing to do with it. A channel that was made on demand is not forgotten while there is a handle to
/// it. A handle keeps its hub in memory. Any thread.
public final class ChannelHandle: Sendable {
  let hub: EventHub
  let channel: EventChannel

  /// - Parameter channel: Has been told of the handle.
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

  /// Whether the channel was removed; it does not come back.
  public var isRemoved: Bool { channel.withState { $0.isRemoved } }

  /// How many streams read the channel, with requests that wait for its repository before they become one.
  public var readerCount: Int { channel.withState { $0.readers } }

  /// What the channel holds and how its readers do. It takes the channel's lock for a moment, so not for every event.
  public var statistics: ChannelStatistics { hub.statistics(of: channel) }

  /// The channel's rules.
  public var configuration: ChannelConfiguration { channel.withState { $0.rules.configuration } }

  /// Changes the channel's rules while it is open, as ``EventHub/reconfigure(_:_:)`` does.
  public func reconfigure(_ change: (inout ChannelConfiguration) -> Void) throws(ReconfigurationError) {
    try hub.reconfigure(channel, change)
  }

  /// Removes the channel, as ``EventHub/remove(_:)`` does, but never another one that has its name by now. Does nothing
  /// if it was removed already.
  public func remove() { hub.remove(name, if: channel) }
}

extension ChannelHandle {
  /// Publishes an event. Never waits for a reader.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - key: The key, for channels whose slow readers get only the newest event of each. `nil` means the type.
  /// - Returns: The event's ID: its own, or the one that the hub generated.
  /// - Throws: ``PublishError``, `EventStreamFormatError`, or any error from converting the event. If it throws,
  ///   nothing was sent.
  @discardableResult
  public func publish(_ event: some ServerSentEventConvertible, key: String? = nil) throws -> EventID {
    let event = try hub.prepare(event.serverSentEvent, key: key)
    try checkOpen()
    switch try hub.append(event, to: channel, isRecordedBy: nil) {
    case .done(let id): return id
    case .recording: throw PublishError.recordingChannel(name)
    case .removed: throw PublishError.channelRemoved(name)
    }
  }

  /// Publishes an event and waits until it has reached a milestone. Ends as the asynchronous `publish` of ``EventHub``
  /// does.
  ///
  /// An event that is waiting for the repository when the channel is removed has been accepted: it is recorded, and
  /// published as the table *The life of a channel* in <doc:Guarantees> says.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - key: The key, for channels whose slow readers get only the newest event of each. `nil` means the type.
  ///   - milestone: When to return.
  /// - Returns: The event's ID.
  /// - Throws: As the synchronous form, and what the repository throws: the event is then not published.
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, key: String? = nil, awaiting milestone: EventHub.Milestone
  ) async throws -> EventID {
    let event = try hub.prepare(event.serverSentEvent, key: key)
    try checkOpen()
    guard let id = try await hub.publish(event, to: channel) else { throw PublishError.channelRemoved(name) }
    if milestone == .offered { try await hub.offered(in: channel) }
    return id
  }

  /// Publishes a comment, which readers' programs do not see. No repository records it.
  public func publish(comment: String) throws {
    try checkOpen()
    guard try hub.publish(comment: comment, to: channel) else { throw PublishError.channelRemoved(name) }
  }

  private func checkOpen() throws(PublishError) {
    guard hub.admissions.phase != .closed else { throw .closed }
  }
}

extension EventHub {
  /// Returns a handle to a channel, by which publishing looks nothing up.
  ///
  /// - Throws: ``PublishError/unknownChannel(_:)`` if there is no such channel; a hub that makes channels on demand
  ///   makes it, and throws ``PublishError/tooManyChannels(limit:)`` if it may not. ``PublishError/closed``.
  public func channel(_ name: ChannelName) throws(PublishError) -> ChannelHandle {
    while true {
      let channel = try findChannel(name)
      let isOpen = channel.withState { state in
        guard !state.isRemoved else { return false }
        state.handles += 1
        return true
      }
      // Removed since it was found: it is looked up once more.
      if isOpen { return ChannelHandle(channel, of: self) }
    }
  }
}
