import Synchronization

public import EventSourceFormat

/// One run: for its producer, which writes and ends it, and for whoever stops it.
///
/// A value that refers to the run; all copies are the same run. It keeps the collection in memory. Any thread.
public struct Run: Sendable {
  let channel: EventChannel
  let collection: RunCollection

  var core: RunCore { channel.run! }

  /// The run's ID. Its events' IDs are this, a hyphen and their number.
  public var id: String { core.id }
  /// The collection's name, a slash and the run's ID: what an authorizer is asked with, and the name in a history.
  public var channelName: ChannelName { channel.name }
  /// How it ended; nil: it has not.
  public var outcome: RunOutcome? { core.state.outcome }
  /// Why its producer was asked to stop; nil: it was not.
  public var stopRequest: RunStopReason? {
    let state = core.state
    if case .stopRequested(let reason) = state.phase { return reason }
    if case .stopped(let reason) = state.outcome { return reason }
    return nil
  }
  /// Whether it was discarded: no viewer can read it any more.
  public var isGone: Bool { core.state.phase == .gone }
  /// How many streams watch it.
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

/// The producer's side.
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

  /// Writes an event, and waits while the collection's runs take up as much memory as they may, and until the event has
  /// reached a milestone.
  ///
  /// - Parameters:
  ///   - event: The event.
  ///   - milestone: When to return: with `published` as soon as the event is in the run, and recorded if the collection
  ///     has a history; with `offered` when every lane has offered it to its viewers.
  /// - Returns: The event's ID.
  /// - Throws: As the synchronous form, what the repository throws, and `CancellationError`. An error while it waits
  ///   for `offered` means that the event has been written.
  @discardableResult
  public func write(_ event: some ServerSentEventConvertible, waitingUntil milestone: EventHub.Milestone) async throws
    -> EventID
  {
    let id = try await core.store.writeWaiting(event.serverSentEvent, to: channel)
    if milestone == .offered { try await collection.hub.offered(in: channel) }
    return id
  }

  /// Ends the run as finished, after a last event. If it was asked to stop before, it is stopped, and the last event is
  /// written all the same.
  ///
  /// - Throws: As ``write(_:)`` does, except for want of memory, which a last event does not wait for. The run goes on
  ///   then.
  public func finish(_ last: some ServerSentEventConvertible) throws {
    try core.store.end(channel, .finish, last: last.serverSentEvent)
  }

  /// Ends the run as finished.
  ///
  /// - Throws: ``RunError/ended(_:)`` if it is over.
  public func finish() throws { try core.store.end(channel, .finish, last: nil) }

  /// Ends the run as failed.
  ///
  /// - Parameter reason: One line that the viewers are told.
  /// - Returns: Whether it was not over before.
  @discardableResult
  public func fail(_ reason: String) -> Bool {
    (try? core.store.end(channel, .fail(reason), last: nil)) != nil
  }

  /// Waits until the producer is asked to stop, or the run is over.
  ///
  /// - Returns: Why; nil: the run is over and nobody asked.
  /// - Throws: `CancellationError`.
  public func stopRequested() async throws -> RunStopReason? {
    try await core.wait(for: .stopRequest)
    return stopRequest
  }
}

/// Everybody's side.
extension Run {
  /// Asks the run to stop. Without a ``RunCollection/Configuration/stopGrace`` it is over when this returns, and
  /// nothing is written after it.
  ///
  /// - Returns: Whether this was the first request, and the run was not over.
  @discardableResult
  public func stop(_ reason: RunStopReason = .requested(by: nil)) -> Bool {
    core.store.apply(.stop(reason), to: channel)
  }

  /// Waits until the run is over, and its last event is recorded if it has a history.
  ///
  /// - Throws: `CancellationError`.
  @discardableResult
  public func ended() async throws -> RunOutcome {
    try await core.wait(for: .end)
    return outcome ?? .stopped(.closed)
  }
}

extension Run {
  /// The hub whose lanes deliver the run.
  public var hub: EventHub { collection.hub }
}
