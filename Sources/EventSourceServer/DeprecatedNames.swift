// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// The names of version 0.1. They will be removed in version 0.3. `Changes.md` lists them with the current names.

public import EventSourceFormat

@available(*, deprecated, renamed: "HeaderField")
public typealias EventStreamField = HeaderField
@available(*, deprecated, renamed: "EventStreamSession")
public typealias EventStreamExchange = EventStreamSession
@available(*, deprecated, renamed: "EventStreamRejection")
public typealias EventStreamRefusal = EventStreamRejection
@available(*, deprecated, renamed: "OpenStream")
public typealias GrantedStream = OpenStream
@available(*, deprecated, renamed: "ReplayResult")
public typealias ReplayAnswer = ReplayResult
@available(*, deprecated, renamed: "Retention")
public typealias LogLimits = Retention

extension EventHub {
  @available(*, deprecated, renamed: "openChannel(_:configuration:)")
  @discardableResult
  public func open(_ name: ChannelName, _ rules: ChannelConfiguration? = nil) -> Bool {
    openChannel(name, configuration: rules)
  }

  @available(*, deprecated, renamed: "removeChannel(_:)")
  public func remove(_ name: ChannelName) { removeChannel(name) }

  @available(*, deprecated, renamed: "setRepository(_:for:)")
  public func register(_ repository: any EventRepository, for name: ChannelName) {
    setRepository(repository, for: name)
  }

  @available(*, deprecated, renamed: "removeRepository(for:disconnectingReaders:)")
  public func unregister(_ name: ChannelName, disconnectingReaders: Bool = false) {
    removeRepository(for: name, disconnectingReaders: disconnectingReaders)
  }

  @available(*, deprecated, renamed: "revokeStreams(where:)")
  public func revoke(where isRevoked: @escaping @Sendable (OpenStream) -> Bool) { revokeStreams(where: isRevoked) }

  @available(*, deprecated, renamed: "revokeStreams(of:in:)")
  public func revoke(identity: String, in channel: ChannelName? = nil) { revokeStreams(of: identity, in: channel) }

  @available(*, deprecated, renamed: "publish(_:to:coalescingKey:)")
  @discardableResult
  public func publish(_ event: some ServerSentEventConvertible, to name: ChannelName, key: String) throws -> EventID {
    try publish(event, to: name, coalescingKey: key)
  }

  @available(*, deprecated, renamed: "publish(_:to:coalescingKey:waitingUntil:)")
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to name: ChannelName, key: String? = nil, awaiting milestone: Milestone
  ) async throws -> EventID {
    try await publish(event, to: name, coalescingKey: key, waitingUntil: milestone)
  }

  @available(*, deprecated, renamed: "publish(_:to:coalescingKey:waitingUntil:)")
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to names: [ChannelName], key: String? = nil,
    awaiting milestone: Milestone
  ) async throws -> [EventID] {
    try await publish(event, to: names, coalescingKey: key, waitingUntil: milestone)
  }

  @available(*, deprecated, renamed: "publish(_:to:coalescingKey:)")
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, to names: [ChannelName], key: String
  ) throws -> [EventID] {
    try publish(event, to: names, coalescingKey: key)
  }

  @available(*, deprecated, renamed: "idPrefix")
  public var epoch: String { idPrefix }
}

extension ChannelHandle {
  @available(*, deprecated, renamed: "publish(_:coalescingKey:)")
  @discardableResult
  public func publish(_ event: some ServerSentEventConvertible, key: String) throws -> EventID {
    try publish(event, coalescingKey: key)
  }

  @available(*, deprecated, renamed: "publish(_:coalescingKey:waitingUntil:)")
  @discardableResult
  public func publish(
    _ event: some ServerSentEventConvertible, key: String? = nil, awaiting milestone: EventHub.Milestone
  ) async throws -> EventID {
    try await publish(event, coalescingKey: key, waitingUntil: milestone)
  }
}

extension EventHub.Milestone {
  @available(*, deprecated, renamed: "stored")
  public static var published: Self { .stored }
}

extension EventHub.Configuration {
  @available(*, deprecated, renamed: "retention")
  public var log: Retention {
    get { retention }
    set { retention = newValue }
  }

  @available(*, deprecated, renamed: "memoryLimit")
  public var maximumBytes: Int {
    get { memoryLimit }
    set { memoryLimit = newValue }
  }

  @available(*, deprecated, renamed: "idPrefix")
  public var epoch: String? {
    get { idPrefix }
    set { idPrefix = newValue }
  }
}

extension EventHub.Configuration.ChannelCreation {
  @available(*, deprecated, renamed: "explicit")
  public static var declared: Self { .explicit }
}

extension ChannelConfiguration {
  @available(*, deprecated, renamed: "SlowReaderPolicy")
  public typealias SlowReaders = SlowReaderPolicy

  @available(*, deprecated, renamed: "retention")
  public var log: Retention? {
    get { retention }
    set { retention = newValue }
  }
}

extension Retention {
  @available(*, deprecated, renamed: "init(maximumBytes:maximumEvents:maximumAge:)")
  public init(bytes: Int, events: Int? = nil, age: Duration? = nil) {
    self.init(maximumBytes: bytes, maximumEvents: events, maximumAge: age)
  }

  @available(*, deprecated, renamed: "init(maximumBytes:maximumEvents:maximumAge:)")
  public init(events: Int?, age: Duration? = nil) { self.init(maximumEvents: events, maximumAge: age) }

  @available(*, deprecated, renamed: "init(maximumBytes:maximumEvents:maximumAge:)")
  public init(age: Duration?) { self.init(maximumAge: age) }

  @available(*, deprecated, renamed: "maximumBytes")
  public var bytes: Int {
    get { maximumBytes }
    set { maximumBytes = newValue }
  }

  @available(*, deprecated, renamed: "maximumEvents")
  public var events: Int? {
    get { maximumEvents }
    set { maximumEvents = newValue }
  }

  @available(*, deprecated, renamed: "maximumAge")
  public var age: Duration? {
    get { maximumAge }
    set { maximumAge = newValue }
  }
}

extension ChannelStatistics {
  @available(*, deprecated, renamed: "eventsPublished")
  public var published: UInt64 { eventsPublished }
}

extension HubStatistics {
  @available(*, deprecated, renamed: "streamsOpened")
  public var opened: Int { streamsOpened }
  @available(*, deprecated, renamed: "requestsRejected")
  public var refused: Int { requestsRejected }
  @available(*, deprecated, renamed: "streamsEnded")
  public var ended: [DisconnectReason: Int] { streamsEnded }
  @available(*, deprecated, renamed: "streamsDropped")
  public var dropped: Int { streamsDropped }
  @available(*, deprecated, renamed: "eventsPublished")
  public var published: Int { eventsPublished }
  @available(*, deprecated, renamed: "eventsDelivered")
  public var delivered: Int { eventsDelivered }
  @available(*, deprecated, renamed: "eventsReplayed")
  public var replayed: Int { eventsReplayed }
  @available(*, deprecated, renamed: "eventsSkipped")
  public var skipped: Int { eventsSkipped }
  @available(*, deprecated, renamed: "eventsConflated")
  public var conflated: Int { eventsConflated }
  @available(*, deprecated, renamed: "eventsCoalesced")
  public var coalesced: Int { eventsCoalesced }
  @available(*, deprecated, renamed: "retainedBytes")
  public var heldBytes: Int { retainedBytes }
}

extension DisconnectReason {
  @available(*, deprecated, renamed: "peerDisconnected")
  public static var peerGone: Self { .peerDisconnected }
  @available(*, deprecated, renamed: "fellBehind")
  public static var behind: Self { .fellBehind }
  @available(*, deprecated, renamed: "lagExceeded")
  public static var lag: Self { .lagExceeded }
  @available(*, deprecated, renamed: "maximumDurationReached")
  public static var lifetime: Self { .maximumDurationReached }
  @available(*, deprecated, renamed: "draining")
  public static var drained: Self { .draining }
}

extension ChannelAuthorization {
  @available(*, deprecated, renamed: "rejected(_:)")
  public static func refused(_ rejection: EventStreamRejection) -> Self { .rejected(rejection) }
}

extension ChannelGrant {
  @available(*, deprecated, renamed: "init(expiresAfter:identity:channels:aliases:)")
  public init(
    validFor: Duration, identity: String? = nil, channels: Set<ChannelName>? = nil,
    aliases: [ChannelName: ChannelName] = [:]
  ) {
    self.init(expiresAfter: validFor, identity: identity, channels: channels, aliases: aliases)
  }

  @available(*, deprecated, renamed: "expiresAfter")
  public var validFor: Duration? {
    get { expiresAfter }
    set { expiresAfter = newValue }
  }
}

extension EventStreamSession {
  @available(*, deprecated, renamed: "peerDisconnected()")
  public func peerGone() { peerDisconnected() }
}

extension EventStreamWriteResult {
  @available(*, deprecated, renamed: "peerDisconnected")
  public static var peerGone: Self { .peerDisconnected }
}

extension EventStreamBytes {
  @available(*, deprecated, renamed: "baseAddress")
  public var pointer: UnsafeRawPointer { baseAddress }
}

extension EventStreamHandler.Configuration {
  @available(*, deprecated, renamed: "GapPolicy")
  public typealias AfterGap = GapPolicy

  @available(*, deprecated, renamed: "gapPolicy")
  public var afterGap: GapPolicy {
    get { gapPolicy }
    set { gapPolicy = newValue }
  }

  @available(*, deprecated, renamed: "replaysToNewReaders")
  public var replaysWithoutLastEventID: Bool {
    get { replaysToNewReaders }
    set { replaysToNewReaders = newValue }
  }

  @available(*, deprecated, renamed: "channelQueryItem")
  public var channelQueryName: String? {
    get { channelQueryItem }
    set { channelQueryItem = newValue }
  }

  @available(*, deprecated, renamed: "lastEventIDQueryItems")
  public var lastEventIDQueryNames: [String] {
    get { lastEventIDQueryItems }
    set { lastEventIDQueryItems = newValue }
  }

  @available(*, deprecated, renamed: "maximumStreamDuration")
  public var maximumConnectionTime: Duration? {
    get { maximumStreamDuration }
    set { maximumStreamDuration = newValue }
  }

  @available(*, deprecated, renamed: "streamDurationJitter")
  public var connectionTimeJitter: Double {
    get { streamDurationJitter }
    set { streamDurationJitter = newValue }
  }
}

extension EventStreamHandler.Configuration.GapPolicy {
  @available(*, deprecated, renamed: "reject(status:)")
  public static func refuse(status: Int) -> Self { .reject(status: status) }
  @available(*, deprecated, renamed: "replayAvailable")
  public static var replayHeld: Self { .replayAvailable }
}
