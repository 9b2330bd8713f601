// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// The names of version 0.1. They will be removed in version 0.3. `Changes.md` lists them with the current names.

@available(*, deprecated, renamed: "SubscriptionRequest")
public typealias EventSourceRequest = SubscriptionRequest

extension EventSource {
  @available(*, deprecated, renamed: "CloseReason")
  public typealias Closure = CloseReason

  @available(*, deprecated, renamed: "acknowledge(_:)")
  public func commit(_ message: Message) async throws { try await acknowledge(message) }
}

extension EventSource.Gap {
  @available(*, deprecated, renamed: "earliestAvailable")
  public var earliestHeld: String? { earliestAvailable }
}

extension EventSource.Configuration {
  @available(*, deprecated, renamed: "InitialConnectionFailure")
  public typealias FirstConnection = InitialConnectionFailure

  @available(*, deprecated, renamed: "initialConnectionFailure")
  public var firstConnection: InitialConnectionFailure {
    get { initialConnectionFailure }
    set { initialConnectionFailure = newValue }
  }

  @available(*, deprecated, renamed: "usesExponentialBackoff")
  public var backsOff: Bool {
    get { usesExponentialBackoff }
    set { usesExponentialBackoff = newValue }
  }

  @available(*, deprecated, renamed: "backoffResetInterval")
  public var retryResetInterval: Duration {
    get { backoffResetInterval }
    set { backoffResetInterval = newValue }
  }

  @available(*, deprecated, renamed: "reconnectionTime")
  public var initialReconnectionTime: Duration {
    get { reconnectionTime }
    set { reconnectionTime = newValue }
  }

  @available(*, deprecated, renamed: "acknowledgement")
  public var commitsExplicitly: Bool {
    get { acknowledgement == .explicit }
    set { acknowledgement = newValue ? .explicit : .automatic }
  }
}

extension EventSource.Configuration.Mode {
  @available(*, deprecated, renamed: "singleResponse")
  public static var response: Self { .singleResponse }
}

extension EventSource.Configuration.InitialConnectionFailure {
  @available(*, deprecated, renamed: "fail")
  public static var throwsError: Self { .fail }
  @available(*, deprecated, renamed: "retry(for:)")
  public static func retries(for limit: Duration?) -> Self { .retry(for: limit) }
}

extension ResponsePolicy {
  @available(*, deprecated, renamed: "evaluate")
  public var judge: @Sendable (ResponseHead) -> Verdict {
    get { evaluate }
    set { evaluate = newValue }
  }

  @available(*, deprecated, renamed: "browser")
  public static var webPlatform: ResponsePolicy { browser }
}

extension SubscriptionError.Code {
  @available(*, deprecated, renamed: "alreadyConsumed")
  public static var severalConsumers: Self { alreadyConsumed }
  @available(*, deprecated, renamed: "streamEnded")
  public static var ended: Self { streamEnded }
}
