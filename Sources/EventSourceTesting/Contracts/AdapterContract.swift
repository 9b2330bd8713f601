public import EventSourceServer

/// Starts the adapter that an ``AdapterContract`` checks. Implement it for your adapter.
public protocol AdapterHarness: Sendable {
  /// Starts a server on 127.0.0.1, on a port that the system chooses, with the handler mounted at `/events/{channel}`.
  func start(_ handler: EventStreamHandler) async throws -> any RunningAdapter
}

/// A server under test.
public protocol RunningAdapter: Sendable {
  /// The port that it listens on.
  var port: Int { get }

  /// Stops the server. Drains its streams within the window, and returns when the server has no threads and descriptors
  /// left.
  ///
  /// The contract calls this several times, also concurrently and from a cancelled task. Every call must return when
  /// the server has stopped.
  func stop(drainingOver window: Duration) async
}

/// The promises of every adapter. Each check starts a server, connects to it over real sockets, and stops it.
///
/// Run each of ``checks`` as a test case. A check throws a ``ContractViolation`` with its name if the promise is broken
/// or the check takes longer than two minutes.
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
      // The checks compare complete bodies.
      configuration.openingComment = nil
      change(&configuration)
      self.configuration = configuration
      self.body = body
    }

    /// The maximum duration of a check. An adapter that hangs also violates the contract.
    private static let deadline = Duration.seconds(120)

    /// Runs the check with an adapter. Takes several seconds, at most two minutes.
    public func verify(_ harness: some AdapterHarness) async throws {
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
      let stalledStreams = hub.statistics.streamsEnded[.stalled, default: 0]
      await scene.stop(drainingOver: .zero)
      do {
        try result.get()
      } catch let violation as ContractViolation where stalledStreams > 0 {
        // The reader sees only that its stream ends. The usual reason is a wrong `write`.
        throw ContractViolation(
          "\(violation.description); a write accepted fewer bytes than offered, and becameWritable() was not called "
            + "within \(configuration.stallTimeout)")
      }
      try require(
        observer.violations == 0, "a lane was called on another thread than its own \(observer.violations) times")
      try require(
        hub.statistics.readers == 0, "\(hub.statistics.readers) streams are left after the server has stopped")
    }
  }

  /// All promises.
  public static let checks: [Check] =
    headChecks + framingChecks + requestChecks + deliveryChecks + compressionChecks + endingChecks
}
