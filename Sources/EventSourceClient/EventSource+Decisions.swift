extension EventSource.Configuration {
  /// What a source is.
  public enum Mode: Sendable, Hashable {
    /// A feed: when a response ends or breaks off, the source requests it again, from where it stopped.
    case subscription
    /// One response, such as the answer of a model: its end is the end, and the request is not repeated once a stream
    /// was open.
    case response
  }

  /// What happens when the first attempt fails.
  public enum FirstConnection: Sendable, Hashable {
    /// The error is thrown to the consumer.
    case throwsError
    /// The source tries again as it does later, for at most this time; nil: without a limit. The limit cuts an attempt
    /// short, and no wait begins that would outlast it.
    case retries(for: Duration?)
  }

  /// Whether a source goes on after an error.
  public enum Decision: Sendable, Hashable {
    /// It waits, as configured, and connects again.
    case reconnect
    /// It waits for this time, and connects again.
    case reconnectAfter(Duration)
    /// It closes, and the error is thrown to the consumer.
    case stop
  }

  /// One attempt to connect, as the request provider sees it.
  public struct Attempt: Sendable {
    /// Its number since the source was made, from 1.
    public let number: Int
    /// Why the attempt before it ended; nil for the first one, and after ``EventSource/restart()``.
    public let lastError: SubscriptionError?
    /// The `Last-Event-ID` that will be sent; empty: none.
    public let lastEventID: String
  }
}
