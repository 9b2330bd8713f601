public import EventSourceFormat

/// A store of past events, supplied by the application. It serves returning readers the events that the channel's log
/// no longer retains.
///
/// The handler requests bounded batches at the reader's pace, each after the last event of the previous one, so a
/// repository keeps no state for a reader. It must not remove an event before that event and its successor, if it has
/// one, have been published. Calls come from tasks of the hub, for several readers at a time. The task is cancelled
/// when the reader disconnects, and the result is then discarded.
///
/// `RepositoryContract` in EventSourceTesting checks these rules.
public protocol EventRepository: Sendable {
  /// Returns the events of a channel strictly after another, oldest first.
  ///
  /// - Throws: Any error if the history cannot be read. The reader's stream then ends, so that the reader returns
  ///   later; it never continues with events missing.
  func events(for request: ReplayRequest) async throws -> ReplayResult
}

/// A repository that publishing writes to, so that its content and the streams cannot disagree.
public protocol RecordingEventRepository: EventRepository {
  /// Appends events to a channel in this order, all of them or none.
  ///
  /// The hub makes one call at a time for a channel, before any reader sees the events. Waiting publications are passed
  /// together, so that a store with a cost per transaction pays it once for many.
  ///
  /// - Parameters:
  ///   - events: At least one event. An event with an ID keeps it. The repository gives the others new IDs, different
  ///     from all that the channel has had.
  ///   - channel: The channel.
  /// - Returns: The IDs of the events, in the same order.
  /// - Throws: Any error if the events were not recorded. They are not published, and every publisher gets the error.
  func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID]
}

/// A request to a repository.
public struct ReplayRequest: Sendable, Hashable {
  /// The channel.
  public var channel: ChannelName
  /// The event that the reader already has. `nil` requests everything from the earliest event on. It may come from a
  /// peer.
  public var lastEventID: EventID?
  /// The maximum number of events to return, at least 1.
  public var maximumEvents: Int
  /// The approximate maximum bytes of data to return. One event is returned even if it has more.
  public var maximumBytes: Int

  /// Creates a request.
  public init(channel: ChannelName, lastEventID: EventID?, maximumEvents: Int = 256, maximumBytes: Int = 256 << 10) {
    self.channel = channel
    self.lastEventID = lastEventID
    self.maximumEvents = maximumEvents
    self.maximumBytes = maximumBytes
  }
}

/// A repository's answer.
public enum ReplayResult: Sendable, Hashable {
  /// The events directly after the requested one, without a gap. Every event has an ID. Empty means that there are no
  /// later events.
  case contiguous([ServerSentEvent])
  /// The requested event was known, but events after it were discarded. These are the earliest available events after
  /// it, each with an ID.
  case gap([ServerSentEvent])
  /// The requested event was never in this history.
  case unknownID
}
