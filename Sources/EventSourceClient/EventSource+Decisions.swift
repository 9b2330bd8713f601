extension EventSource.Configuration {
  /// The kind of a source.
  public enum Mode: Sendable, Hashable {
    /// A continuous feed. When a response ends or breaks, the source requests it again from where it stopped.
    case subscription
    /// A single response, such as a model's answer. The source ends with it, and does not repeat the request once a
    /// stream was open. If the server offers to resume the response, the source resumes it: see
    /// ``EventSource/Configuration/resumesResponses``.
    case singleResponse
  }

  /// The reaction to a failure of the first attempt.
  public enum InitialConnectionFailure: Sendable, Hashable {
    /// The error is thrown to the consumer.
    case fail
    /// The source retries as it does later, for at most this time. `nil` means no limit. The limit interrupts an
    /// attempt, and no wait begins that would exceed it.
    case retry(for: Duration?)
  }

  /// What marks an event as processed.
  public enum Acknowledgement: Sendable, Hashable {
    /// By requesting the next event or by calling ``EventSource/acknowledge(_:)``.
    case automatic
    /// Only by calling ``EventSource/acknowledge(_:)``.
    case explicit
  }

  /// The decision after an error.
  public enum Decision: Sendable, Hashable {
    /// Wait as configured, and reconnect.
    case reconnect
    /// Wait for this time, and reconnect.
    case reconnectAfter(Duration)
    /// Close, and throw the error to the consumer.
    case stop
  }

  /// One attempt to connect, as the request provider sees it.
  public struct Attempt: Sendable {
    /// Its number since the source was created, from 1.
    public let number: Int
    /// The error that ended the previous attempt. `nil` for the first one and after ``EventSource/restart()``.
    public let lastError: SubscriptionError?
    /// The `Last-Event-ID` to send. Empty if there is none.
    public let lastEventID: String
  }
}
