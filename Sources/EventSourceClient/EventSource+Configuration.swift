public import EventSourceFormat

extension EventSource {
  /// How a source connects, waits and ends. Every value has a default.
  ///
  /// Times of more than ten years count as ten years.
  public struct Configuration: Sendable {
    /// A feed, or one response.
    public var mode = Mode.subscription
    /// What happens when the first attempt fails.
    public var firstConnection = FirstConnection.throwsError
    /// The last event ID that is sent on the first attempt; empty: that of the request's own `Last-Event-ID` field, if
    /// it has one. An ID from the store takes precedence over both.
    public var lastEventID = ""
    /// The wait before a reconnect until the server names another one by `retry`.
    public var initialReconnectionTime: Duration = .seconds(3)
    /// The least wait after a failure, also if the server says `retry: 0`; it is not longer than
    /// `maximumReconnectionTime`. A failure is an attempt that opens no stream, or a stream that breaks off before it
    /// delivers anything. The wait after a stream that ends in order but delivers nothing is as long.
    public var minimumFailureDelay: Duration = .milliseconds(100)
    /// Whether the wait doubles from failure to failure. It starts anew after a stream that was no failure.
    public var backsOff = true
    /// The limit of the doubling. A longer `retry` of the server is respected, up to `maximumServerDelay`.
    public var maximumReconnectionTime: Duration = .seconds(30)
    /// The longest wait that a server can ask for, by `retry` or by `Retry-After`.
    public var maximumServerDelay: Duration = .seconds(3600)
    /// By how much waits are spread, upwards: 0.5 means up to half as long again.
    public var jitter = 0.5
    /// A stream that was open for this long is no failure, even if it delivered nothing.
    public var retryResetInterval: Duration = .seconds(60)
    /// How many attempts in a row may fail before the source closes with the last error; nil: any number.
    public var maximumFailedAttempts: Int?
    /// How long a connection may take to be made, and how long the head of the response may take unless
    /// ``headTimeout`` is set; nil: no limit. <doc:Transports> names the transports that can tell the two apart.
    public var connectTimeout: Duration? = .seconds(30)
    /// How long the head of a response may take, from the beginning of the attempt, redirects included; nil: no limit.
    ///
    /// If it is not set, it is ``connectTimeout`` in a subscription. A response has no limit then: a model may think
    /// for minutes before it begins to answer.
    public var headTimeout: Duration? {
      get { storedHeadTimeout ?? (mode == .subscription ? connectTimeout : nil) }
      set { storedHeadTimeout = .some(newValue) }
    }
    private var storedHeadTimeout: Duration??
    /// How long a stream may be silent, without any byte, before it is considered dead; nil: no limit.
    public var readTimeout: Duration? = .seconds(300)
    /// The largest line and event that are accepted.
    public var limits = EventStreamParser.Limits()
    /// Whether an event is the end of what is wanted, such as one with the data `[DONE]`; nil: none is. The source
    /// closes in order then and does not deliver that event.
    public var endsAtEvent: (@Sendable (Message) -> Bool)?
    /// How much of the body of an error response is read for ``SubscriptionError/body``, in bytes.
    public var maximumErrorBodyBytes = 64 << 10
    /// Which responses are streams, and after which others to try again.
    public var responsePolicy = ResponsePolicy.standard
    /// Whether the cookies that responses set are sent on later attempts and redirects of this source (RFC 6265), over
    /// every transport, beside those that the request has.
    ///
    /// They are kept in memory, at most 50, and end with the source. There is no list of public suffixes: a cookie may
    /// be set for any domain with a dot that the host is below.
    public var keepsCookies = false
    /// Makes the request of each attempt from the source's own, for example with a fresh token; nil: every attempt
    /// sends the source's request.
    ///
    /// An error that it throws counts as a failed attempt. After a response with status 401 the source asks it once
    /// more before it closes; ``Attempt/lastError`` has that status, so that the provider knows to renew its token.
    public var requestProvider: (@Sendable (Attempt, EventSourceRequest) async throws -> EventSourceRequest)?
    /// Decides after every error whether to go on; its second argument is what happens without it. nil: that happens.
    public var errorHandler: (@Sendable (SubscriptionError, Decision) async -> Decision)?
    /// Keeps the last event ID over restarts of the program; nil: it is not kept.
    ///
    /// The ID of an event is saved when the loop asks for the next one. If the loop ends after an event, by `break`,
    /// `return`, cancellation or an error, that event does not count as processed, and the next start receives it
    /// again. If it was processed, call ``EventSource/commit(_:)`` before you leave the loop.
    public var lastEventIDStore: (any LastEventIDStore)?
    /// Whether only ``EventSource/commit(_:)`` marks events as processed; otherwise asking for the next one does too.
    public var commitsExplicitly = false
    /// Receives log records; nil: nothing is logged. Records never contain an event's data, a password, or a URL's
    /// query.
    public var logger: (@Sendable (EventSourceLogRecord) -> Void)?
    /// Measures waits and timeouts.
    public var clock: any Clock<Duration> = ContinuousClock()

    /// Makes the defaults.
    public init() {}

    /// Checks every value.
    ///
    /// - Throws: A ``SubscriptionError`` with the code `request`, which names the value.
    public func validate() throws(SubscriptionError) {
      func require(_ condition: Bool, _ what: String) throws(SubscriptionError) {
        guard condition else { throw SubscriptionError(.request, "the configuration is wrong: \(what)") }
      }
      try require(initialReconnectionTime >= .zero, "initialReconnectionTime is negative")
      try require(minimumFailureDelay >= .zero, "minimumFailureDelay is negative")
      try require(maximumReconnectionTime >= .zero, "maximumReconnectionTime is negative")
      try require(maximumServerDelay >= .zero, "maximumServerDelay is negative")
      try require((0...1).contains(jitter), "jitter is not in 0 to 1")
      try require(retryResetInterval >= .zero, "retryResetInterval is negative")
      try require((maximumFailedAttempts ?? 1) > 0, "maximumFailedAttempts is not positive")
      try require((connectTimeout ?? .seconds(1)) > .zero, "connectTimeout is not positive")
      try require((headTimeout ?? .seconds(1)) > .zero, "headTimeout is not positive")
      try require((readTimeout ?? .seconds(1)) > .zero, "readTimeout is not positive")
      try require(maximumErrorBodyBytes >= 0, "maximumErrorBodyBytes is negative")
      try require(
        !lastEventID.utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 }, "lastEventID has a line break or a NUL")
    }
  }
}
