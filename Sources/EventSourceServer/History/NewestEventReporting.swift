public import EventSourceFormat

/// A recording history that can tell which event is its newest.
///
/// A reader of several channels resumes exactly in one of which it has been given nothing yet, also after a restart of
/// the program, if the channel's repository has this.
public protocol NewestEventReporting: RecordingEventRepository {
  /// The ID of a channel's newest event; nil: it has none.
  func newestEventID(in channel: ChannelName) async throws -> EventID?
}
