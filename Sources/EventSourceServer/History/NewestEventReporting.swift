public import EventSourceFormat

/// A recording history that can tell which event is its newest.
///
/// A reader of several channels resumes exactly in one of which it has been given nothing yet, also after a restart of
/// the program, if the channel's repository has this.
public protocol NewestEventReporting: RecordingEventRepository {
  /// The ID of a channel's newest event; nil: it has none.
  func newestEventID(in channel: ChannelName) async throws -> EventID?

  /// Returns whether the history still has every event that the channel ever had in it. If it is not sure, it has not.
  ///
  /// The hub asks when a reader returns that has been given nothing of the channel, after the history has answered with
  /// its earliest events. If this returns `false`, the reader is told of a gap. That is also the default, because only
  /// the history can know that it has evicted nothing.
  func hasEveryEvent(in channel: ChannelName) async throws -> Bool
}

extension NewestEventReporting {
  /// Returns `false`: the history does not know.
  public func hasEveryEvent(in channel: ChannelName) async throws -> Bool { false }
}
