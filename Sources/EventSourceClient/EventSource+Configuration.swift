public import EventSourceFormat

extension EventSource {
  /// How a source connects, waits and ends. Every value has a default.
  public struct Configuration: Sendable {
    /// What a source is.
    public enum Mode: Sendable, Hashable {
      /// A feed: when a response ends or breaks off, it is asked for again, from where it stopped.
      case subscription
      /// One response, such as the answer of a model: its end is the end, and nothing is asked again.
      case response
    }

    /// What happens when the first attempt fails.
    public enum FirstConnection: Sendable, Hashable {
      /// The error is thrown to who reads.
      case throwsError
      /// It is tried again as later ones are; nil: for as long as it takes.
      case retries(for: Duration?)
    }

    /// Whether a source goes on after an error.
    public enum Decision: Sendable, Hashable {
      /// It waits and asks again.
      case reconnect
      /// It closes, and the error is thrown to who reads.
      case stop
    }

    /// One attempt to connect, for who makes its request.
    public struct Attempt: Sendable {
      /// Its number since the source was made, from 1.
      public let number: Int
      /// Why the one before ended; nil for the first one, and after ``EventSource/restart()``.
      public let lastError: SubscriptionError?
      /// What will be sent as `Last-Event-ID`; empty: nothing.
      public let lastEventID: String
    }

    /// A feed, or one response.
    public var mode = Mode.subscription
    /// What happens when the first attempt fails.
    public var firstConnection = FirstConnection.throwsError
    /// The last event ID that is sent on the first attempt; empty: none. What the store holds goes before it.
    public var lastEventID = ""
    /// The wait before a reconnect until the server says another one by `retry`.
    public var initialReconnectionTime: Duration = .seconds(3)
    /// Whether the wait doubles with each failure.
    public var backsOff = true
    /// Up to how much it doubles.
    public var maximumReconnectionTime: Duration = .seconds(30)
    /// By how much waits are spread, upwards: 0.5 means up to half as long again.
    public var jitter = 0.5
    /// How long a stream has to be open before the wait begins anew.
    public var retryResetInterval: Duration = .seconds(60)
    /// How long the head of a response may take; nil: for ever.
    public var connectTimeout: Duration? = .seconds(30)
    /// How long a stream may be silent, without any byte, before it is taken for dead; nil: for ever.
    public var readTimeout: Duration? = .seconds(300)
    /// The largest line and event that are taken.
    public var limits = EventStreamParser.Limits()
    /// Which responses are streams, and after which others to ask again.
    public var responsePolicy = ResponsePolicy.standard
    /// Makes the request of each attempt from the source's own: with a fresh token, or other query items. What it
    /// throws counts as a failed attempt. nil: every attempt has the source's request.
    public var requestProvider: (@Sendable (Attempt, EventSourceRequest) async throws -> EventSourceRequest)?
    /// Asked after every error whether to go on, with what would be done without it; nil: that is done.
    public var errorHandler: (@Sendable (SubscriptionError, Decision) async -> Decision)?
    /// Where the last event ID is kept over restarts of the program; nil: nowhere.
    public var lastEventIDStore: (any LastEventIDStore)?
    /// Whether ``EventSource/commit(_:)`` says which events have been dealt with; otherwise an event counts as dealt
    /// with when the next one is asked for.
    public var commitsExplicitly = false
    /// Where to say what happens; nil: nowhere. Never called with an event's data.
    public var logger: (@Sendable (EventSourceLogRecord) -> Void)?
    /// What measures waits and timeouts.
    public var clock: any Clock<Duration> = ContinuousClock()

    /// The defaults.
    public init() {}

    /// Checks every value.
    public func validate() throws(SubscriptionError) {
      func require(_ condition: Bool, _ what: String) throws(SubscriptionError) {
        guard condition else { throw SubscriptionError(.request, "the configuration is wrong: \(what)") }
      }
      try require(initialReconnectionTime >= .zero, "initialReconnectionTime is negative")
      try require(maximumReconnectionTime >= .zero, "maximumReconnectionTime is negative")
      try require((0...1).contains(jitter), "jitter is not in 0 to 1")
      try require(retryResetInterval >= .zero, "retryResetInterval is negative")
      try require((connectTimeout ?? .seconds(1)) > .zero, "connectTimeout is not positive")
      try require((readTimeout ?? .seconds(1)) > .zero, "readTimeout is not positive")
      try require(
        !lastEventID.utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 }, "lastEventID has a line break or a NUL")
    }
  }
}

/// Something that happened, for a log.
public struct EventSourceLogRecord: Sendable {
  /// How much it matters.
  public enum Level: String, Sendable, Hashable { case debug, info, warning, error }

  /// How much it matters.
  public let level: Level
  /// What happened.
  public let message: StaticString
  /// With what.
  public let metadata: [(name: String, value: String)]
}
