public import EventSourceFormat

extension EventSource {
  /// How a source connects, waits and ends. Every value has a default.
  ///
  /// Durations are limited to ten years.
  public struct Configuration: Sendable {
    /// Whether the source reads a continuous feed or a single response.
    public var mode = Mode.subscription
    /// Whether a single response that breaks is resumed if the server offers that: by a `Location` field of the
    /// response's own origin, where the same stream can be read, and by event IDs.
    ///
    /// The request is not repeated, because that may repeat its effect (RFC 9110, 9.2.2). Instead the source sends
    /// `GET` to the location, with the last event ID and the request's other fields. It does so after an error, and
    /// after an end at which the server asks its reader to return, by a `retry` after the last event. If an event had
    /// no ID, the source ends with the error. Only for ``Mode/singleResponse``.
    public var resumesResponses = true
    /// What happens when the first attempt fails.
    public var initialConnectionFailure = InitialConnectionFailure.fail
    /// The last event ID to send on the first attempt. If it is empty, the request's own `Last-Event-ID` field is used.
    /// An ID from the store takes precedence over both.
    public var lastEventID = ""
    /// The wait before a reconnect, until the server sends another in `retry`.
    public var reconnectionTime: Duration = .seconds(3)
    /// The minimum wait after a failure, even if the server sends `retry: 0`. It must not exceed
    /// `maximumReconnectionTime`. A failure is an attempt that opens no stream, or a stream that breaks before it
    /// delivers anything. The same minimum applies after a stream that ends regularly without delivering anything.
    public var minimumFailureDelay: Duration = .milliseconds(100)
    /// Whether the wait doubles with each failure. A stream that is not a failure resets it.
    public var usesExponentialBackoff = true
    /// The limit of the doubling. A longer `retry` from the server is respected, up to `maximumServerDelay`.
    public var maximumReconnectionTime: Duration = .seconds(30)
    /// The maximum wait that a server can request by `retry` or `Retry-After`.
    public var maximumServerDelay: Duration = .seconds(3600)
    /// The fraction of random extra delay added to each wait. 0.5 makes a wait up to 50 % longer.
    public var jitter = 0.5
    /// A stream that was open for this long is not a failure, even if it delivered nothing.
    public var backoffResetInterval: Duration = .seconds(60)
    /// The maximum number of consecutive failures before the source closes with the last error. `nil` means no limit.
    public var maximumFailedAttempts: Int?
    /// The maximum time to connect and, unless ``headTimeout`` is set, to receive the response head. `nil` means no
    /// limit. <doc:Transports> lists the transports that distinguish the two.
    public var connectTimeout: Duration? = .seconds(30)
    /// The maximum time to receive the response head, from the beginning of the attempt and including redirects. `nil`
    /// means no limit.
    ///
    /// The default is ``connectTimeout`` for a subscription. For a single response there is no limit by default,
    /// because a model may think for minutes before it answers.
    public var headTimeout: Duration? {
      get { storedHeadTimeout ?? (mode == .subscription ? connectTimeout : nil) }
      set { storedHeadTimeout = .some(newValue) }
    }
    private var storedHeadTimeout: Duration??
    /// The maximum time without a single byte before a stream is considered dead. `nil` means no limit.
    public var readTimeout: Duration? = .seconds(300)
    /// The maximum size of a line and of an event.
    public var limits = EventStreamParser.Limits()
    /// Returns whether an event marks the end, such as one with the data `[DONE]`. The source then closes regularly and
    /// does not deliver that event. `nil` means that no event does.
    ///
    /// A single response that ends without this event ends with ``SubscriptionError/Code/truncated``.
    public var endsAtEvent: (@Sendable (Message) -> Bool)?
    /// The maximum bytes of an error response's body that are read for ``SubscriptionError/body``.
    public var maximumErrorBodyBytes = 64 << 10
    /// Decides which responses are streams, and after which others to retry.
    public var responsePolicy = ResponsePolicy.standard
    /// Whether the source keeps the cookies that responses set and sends them on its later attempts and redirects (RFC
    /// 6265). It does so over every transport, in addition to the request's own cookies.
    ///
    /// Cookies are kept in memory, at most 50, and are discarded with the source. There is no list of public suffixes:
    /// a host can set a cookie for any of its parent domains that contains a dot.
    public var keepsCookies = false
    /// Makes the request for each attempt from the source's own, for example with a fresh token. With `nil` every
    /// attempt sends the source's request.
    ///
    /// An error that it throws counts as a failed attempt. After a response with status 401 the source calls it once
    /// more before it closes. ``Attempt/lastError`` has that status, so the provider knows that it must renew its
    /// token.
    public var requestProvider: (@Sendable (Attempt, SubscriptionRequest) async throws -> SubscriptionRequest)?
    /// Decides after every error whether to continue. Its second argument is the default decision, which `nil` uses.
    public var errorHandler: (@Sendable (SubscriptionError, Decision) async -> Decision)?
    /// Stores the last event ID across restarts of the program. `nil` does not store it.
    ///
    /// The ID of an event is saved when the loop requests the next event. If the loop ends after an event, by `break`,
    /// `return`, cancellation or an error, that event does not count as processed, and the next start receives it
    /// again. If you have processed it, call ``EventSource/acknowledge(_:)`` before you leave the loop.
    public var lastEventIDStore: (any LastEventIDStore)?
    /// What marks events as processed, so that their IDs are saved in ``lastEventIDStore``.
    public var acknowledgement = Acknowledgement.automatic
    /// Receives log records. `nil` disables logging. Records never contain event data, passwords or URL queries.
    public var logger: (@Sendable (EventSourceLogRecord) -> Void)?
    /// Measures waits and timeouts.
    public var clock: any Clock<Duration> = ContinuousClock()

    /// Creates the default configuration.
    public init() {}

    /// Checks every value.
    ///
    /// - Throws: A ``SubscriptionError`` with the code `request`, which names the value.
    public func validate() throws(SubscriptionError) {
      func require(_ condition: Bool, _ what: String) throws(SubscriptionError) {
        guard condition else { throw SubscriptionError(.request, "the configuration is wrong: \(what)") }
      }
      try require(reconnectionTime >= .zero, "reconnectionTime is negative")
      try require(minimumFailureDelay >= .zero, "minimumFailureDelay is negative")
      try require(maximumReconnectionTime >= .zero, "maximumReconnectionTime is negative")
      try require(maximumServerDelay >= .zero, "maximumServerDelay is negative")
      try require((0...1).contains(jitter), "jitter is not in 0 to 1")
      try require(backoffResetInterval >= .zero, "backoffResetInterval is negative")
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
