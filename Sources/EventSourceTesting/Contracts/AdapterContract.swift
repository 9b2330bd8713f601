public import EventSourceServer

/// What a person starts their adapter with, for ``AdapterContract`` to check it.
public protocol AdapterHarness: Sendable {
  /// Starts a server on 127.0.0.1, on a port that the system chooses, with the handler mounted at `/events/{channel}`.
  func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter
}

/// A server under test.
public protocol RunningAdapter: Sendable {
  /// The port that it listens on.
  var port: Int { get }

  /// Stops it, draining its streams within a time, and returns when no thread or descriptor of it is left.
  ///
  /// It may be called several times, also while another call has not returned and from a task that is canceled: every
  /// call returns at the same end.
  func stop(drainingOver window: Duration) async
}

/// What every adapter promises: each check starts a server, talks to it over real sockets, and stops it.
///
/// Run each of ``checks`` as a test case of your own; a check that does not hold, or does not end in two minutes,
/// throws a ``ContractViolation`` with its name.
public struct AdapterContract: Sendable {
  /// One promise.
  public struct Check: Sendable, CustomStringConvertible {
    /// The promise in words.
    public let description: String
    let configuration: EventStreamHandler.Configuration
    let authorizer: (any ChannelAuthorizer)?
    let body: @Sendable (Scene) throws -> Void

    init(
      _ description: String, authorizer: (any ChannelAuthorizer)? = nil,
      _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in },
      _ body: @escaping @Sendable (Scene) throws -> Void
    ) {
      self.description = description
      self.authorizer = authorizer
      var configuration = EventStreamHandler.Configuration()
      // The checks compare whole bodies.
      configuration.openingComment = nil
      change(&configuration)
      self.configuration = configuration
      self.body = body
    }

    /// How long a check may take; an adapter that hangs is a violation, too.
    private static let deadline = Duration.seconds(120)

    /// Runs the check over an adapter. Takes some seconds, and at most two minutes.
    public func run(over harness: some AdapterHarness) async throws {
      do {
        try await ending(within: Self.deadline) { try await self.runToTheEnd(over: harness) }
      } catch let violation as ContractViolation {
        throw ContractViolation("\(description): \(violation.description)")
      }
    }

    private func runToTheEnd(over harness: some AdapterHarness) async throws {
      var hubConfiguration = EventHub.Configuration()
      hubConfiguration.idPrefix = "contract"
      hubConfiguration.retention = Retention(maximumBytes: 32 << 20)
      let hub = EventHub(channels: ["a", "b"], configuration: hubConfiguration)
      let observer = ThreadObserver()
      hub.observeLaneCalls { observer.laneWasCalled($0) }
      let handler = EventStreamHandler(hub, configuration: configuration, authorizer: authorizer)
      let adapter = try await harness.start(handler)
      let scene = Scene(hub: hub, adapter: adapter)
      let result = await onOwnThread { try body(scene) }
      await scene.stop(drainingOver: .zero)
      try result.get()
      try require(
        observer.violations == 0, "a lane is called on one thread only; it was on others \(observer.violations) times")
      try require(
        hub.statistics.readers == 0, "\(hub.statistics.readers) streams are left after the server has stopped")
    }
  }

  /// All promises.
  public static let checks: [Check] = headChecks + framingChecks + requestChecks + deliveryChecks + endingChecks
}
