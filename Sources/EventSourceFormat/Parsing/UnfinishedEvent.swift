extension EventStreamParser {
  /// What happens to an event that the end of a stream truncates. It is never dispatched (WHATWG HTML 9.2.6).
  public enum UnfinishedEvent: Sendable, Hashable {
    /// Reading throws ``EventStreamReadError/truncated``, so that an incomplete response cannot pass as a complete one.
    case throwsError
    /// The event is discarded silently, as in browsers, which reconnect and get it again.
    case isDiscarded
  }
}
