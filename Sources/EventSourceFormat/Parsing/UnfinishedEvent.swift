extension EventStreamParser {
  /// What becomes of an event that the end of a stream cuts off. It is never given out (WHATWG HTML 9.2.6).
  public enum UnfinishedEvent: Sendable, Hashable {
    /// The reading throws ``EventStreamReadError/truncated``, so that an answer that broke off is not taken for a whole
    /// one.
    case throwsError
    /// It is discarded in silence, as browsers do, whose readers come back for it.
    case isDiscarded
  }
}
