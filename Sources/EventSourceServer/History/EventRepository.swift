public import EventSourceFormat

/// A history of events, injected: what a reader that returns has missed and the channel's log no longer holds.
///
/// `RepositoryContract` in EventSourceTesting checks that one keeps what is promised here.
///
/// The handler asks for one bounded batch after another, as fast as the reader takes them, each time after the last
/// event it was given; a repository keeps no state for a reader. It does not give up an event before that has been
/// published. Called from tasks of the hub, for several readers at a
/// time; the task is cancelled when the reader leaves, and the answer is then thrown away.
public protocol EventRepository: Sendable {
  /// The events of a channel that follow one, oldest first, strictly after it.
  ///
  /// - Throws: Anything, when the history cannot be read: the reader's stream ends, so that it asks again later. It is
  ///   never continued live with events missing.
  func events(for request: ReplayRequest) async throws -> ReplayAnswer
}

/// A history that is written by publishing: what it has and what readers see cannot disagree.
public protocol RecordingEventRepository: EventRepository {
  /// Adds events at a channel's end, all of them or none, in this order.
  ///
  /// Called once at a time for a channel, before any reader sees the events. Publications that are waiting are given
  /// together, so that a store with a cost per transaction pays it once for many.
  ///
  /// - Parameter events: At least one. An event with an ID keeps it; one without is given one here, other than all IDs
  ///   that the channel has had.
  /// - Returns: The IDs of the events, in the same order.
  /// - Throws: Anything, when the events are not recorded; they are then not published, and every publisher gets the
  ///   error.
  func append(_ events: [ServerSentEvent], to channel: ChannelName) async throws -> [EventID]
}

/// What a repository is asked for.
public struct ReplayRequest: Sendable, Hashable {
  /// The channel.
  public var channel: ChannelName
  /// The event that the reader already has; nil: from the earliest event held. It may come from a peer.
  public var lastEventID: EventID?
  /// The most events to answer, at least 1.
  public var maximumEvents: Int
  /// About how many bytes of data to answer at most; one event is answered even if it has more.
  public var maximumBytes: Int

  /// Makes a request.
  public init(channel: ChannelName, lastEventID: EventID?, maximumEvents: Int = 256, maximumBytes: Int = 256 << 10) {
    self.channel = channel
    self.lastEventID = lastEventID
    self.maximumEvents = maximumEvents
    self.maximumBytes = maximumBytes
  }
}

/// What a repository answers.
public enum ReplayAnswer: Sendable, Hashable {
  /// The events right after the one asked for; none are missing between. Every event has an ID. Empty: there are none
  /// later.
  case contiguous([ServerSentEvent])
  /// The event asked for was known once, but events after it are gone; these are the earliest held, each with an ID, as
  /// if the request had named none.
  case gap([ServerSentEvent])
  /// The event asked for was never in this history.
  case unknownID
}
