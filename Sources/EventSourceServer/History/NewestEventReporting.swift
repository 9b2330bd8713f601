public import EventSourceFormat

/// A recording history that can report its newest event.
///
/// With it, a reader of several channels resumes exactly even in a channel from which it has received nothing yet, and
/// even after a restart of the program.
public protocol NewestEventReporting: RecordingEventRepository {
  /// Returns the ID of a channel's newest event, or `nil` if it has none.
  func newestEventID(in channel: ChannelName) async throws -> EventID?

  /// Returns whether the history still has every event that the channel ever had. An implementation that is not sure
  /// must return `false`.
  ///
  /// The hub asks when a reader that has received nothing of the channel returns, after the history has returned its
  /// earliest events. If this returns `false`, the reader gets a gap event. The default is `false`, because only the
  /// history can know that it has evicted nothing.
  func hasEveryEvent(in channel: ChannelName) async throws -> Bool
}

extension NewestEventReporting {
  /// Returns `false`, because the history does not know.
  public func hasEveryEvent(in channel: ChannelName) async throws -> Bool { false }
}
