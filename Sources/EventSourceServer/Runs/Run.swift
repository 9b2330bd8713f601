import Synchronization

public import EventSourceFormat

/// One run of a collection. The producer writes and ends it; anyone may stop it.
///
/// A run is a reference: all copies refer to the same run. It retains its collection. All methods can be called from
/// any thread.
public struct Run: Sendable {
  let channel: EventChannel
  let collection: RunCollection

  var core: RunCore { channel.run! }

  /// The run's ID. An event's ID is the run's ID, a hyphen and the event's number.
  public var id: String { core.id }
  /// The collection's name, a slash and the run's ID. Authorizers and histories know the run by this name.
  public var channelName: ChannelName { channel.name }
  /// The outcome, or `nil` if the run has not ended.
  public var outcome: RunOutcome? { core.state.outcome }
  /// The reason why its producer was asked to stop, or `nil` if it was not.
  public var stopRequest: RunStopReason? {
    let state = core.state
    if case .stopRequested(let reason) = state.phase { return reason }
    if case .stopped(let reason) = state.outcome { return reason }
    return core.guarded.withLock { $0.wantedStop }
  }
  /// Whether this process produces it. `false` for a run that was read from a history.
  public var isProducedHere: Bool { !core.state.wasLoaded }
  /// Whether it was discarded, so that no viewer can read it from memory.
  public var isGone: Bool { core.state.phase == .gone }
  /// The number of streams that watch it.
  public var viewerCount: Int { core.state.viewers }
  /// The encoded bytes of its events.
  public var byteCount: Int { core.guarded.withLock { $0.byteCount } }
}

extension Run: Hashable {
  /// Returns whether both are the same run.
  public static func == (left: Run, right: Run) -> Bool { left.channel === right.channel }

  /// Hashes the run's identity.
  public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(channel)) }
}

/// Methods for the producer.
extension Run {
  /// Writes an event. Never waits.
  ///
  /// - Returns: The event's ID.
  /// - Throws: ``RunError``, ``PublishError``, `EventStreamFormatError`, or any error from converting the event. If it
  ///   throws, nothing was written.
  @discardableResult
  public func write(_ event: some ServerSentEventConvertible) throws -> EventID {
    try core.store.write(event.serverSentEvent, to: channel)
  }

  /// Writes an event. Waits while the collection's runs are at their memory limit, then until the event has reached a
  /// milestone.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - milestone: When to return. `stored`: the event is in the run, and in the history if the collection has one.
  ///     `offered`: every lane has offered the event to its viewers.
  /// - Returns: The event's ID.
  /// - Throws: The errors of ``write(_:)``, any error thrown by the repository, and `CancellationError`. After an error
  ///   during the wait for `offered`, the event has been written.
  @discardableResult
  public func write(_ event: some ServerSentEventConvertible, waitingUntil milestone: EventHub.Milestone) async throws
    -> EventID
  {
    let id = try await core.store.writeWaiting(event.serverSentEvent, to: channel)
    if milestone == .offered { try await collection.hub.offered(in: channel) }
    return id
  }

  /// Writes a last event and ends the run as finished. If the run was asked to stop, the last event is written, and the
  /// outcome is `stopped`.
  ///
  /// - Throws: The errors of ``write(_:)``, except those for lack of memory: a last event does not wait for memory. If
  ///   it throws, the run continues.
  public func finish(_ last: some ServerSentEventConvertible) throws {
    try core.store.end(channel, .finish, last: last.serverSentEvent)
  }

  /// Ends the run as finished.
  ///
  /// - Throws: ``RunError/ended(_:)`` if it has ended.
  public func finish() throws { try core.store.end(channel, .finish, last: nil) }

  /// Ends the run as failed.
  ///
  /// - Parameter reason: One line for the viewers.
  /// - Returns: Whether this call ended the run.
  @discardableResult
  public func fail(_ reason: String) -> Bool {
    (try? core.store.end(channel, .fail(reason), last: nil)) != nil
  }

  /// Waits until the producer is asked to stop, or the run ends.
  ///
  /// - Returns: The reason, or `nil` if the run ended without such a request.
  /// - Throws: `CancellationError`.
  public func stopRequested() async throws -> RunStopReason? {
    try await core.wait(for: .stopRequest)
    return stopRequest
  }
}

/// Methods for everyone.
extension Run {
  /// Asks the run to stop. Without a ``RunCollection/Configuration/stopGrace`` the run has ended when this returns, and
  /// nothing more is written.
  ///
  /// If another process produces the run, that process gets the request through the shared history. The request is
  /// repeated until the run has ended.
  ///
  /// - Returns: Whether this was the first request and the run had not ended.
  @discardableResult
  public func stop(_ reason: RunStopReason = .requested(by: nil)) -> Bool {
    core.isFollowed ? core.store.requestStop(channel, reason) : core.store.apply(.stop(reason), to: channel)
  }

  /// Waits until the run has ended, and its last event is recorded if the collection has a history.
  ///
  /// - Throws: `CancellationError`.
  @discardableResult
  public func ended() async throws -> RunOutcome {
    // Otherwise a run of another process is followed only while it has viewers.
    if core.isFollowed { core.store.apply(.held, to: channel) }
    defer { if core.isFollowed { core.store.apply(.released, to: channel) } }
    try await core.wait(for: .end)
    return outcome ?? (core.isFollowed ? .interrupted : .stopped(.closed))
  }
}

extension Run {
  /// The hub whose lanes deliver the run.
  public var hub: EventHub { collection.hub }
}
