import Dispatch
import EventSourceFormat

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
  func stop(draining window: Duration) async
}

/// What every adapter promises: each check starts a server, talks to it over real sockets, and stops it.
///
/// Run each of ``checks`` as a test case of your own; a check that does not hold throws a ``ContractViolation``.
public struct AdapterContract: Sendable {
  /// One promise.
  public struct Check: Sendable, CustomStringConvertible {
    /// The promise in words.
    public let description: String
    let configuration: EventStreamHandler.Configuration
    let body: @Sendable (Scene) throws -> Void

    init(
      _ description: String, _ change: (inout EventStreamHandler.Configuration) -> Void = { _ in },
      _ body: @escaping @Sendable (Scene) throws -> Void
    ) {
      self.description = description
      var configuration = EventStreamHandler.Configuration()
      // The checks compare whole bodies.
      configuration.openingComment = nil
      change(&configuration)
      self.configuration = configuration
      self.body = body
    }

    /// Runs the check over an adapter. Takes at most some seconds.
    public func run(over harness: some AdapterHarness) async throws {
      var hubConfiguration = EventHub.Configuration()
      hubConfiguration.epoch = "contract"
      hubConfiguration.log = LogLimits(bytes: 32 << 20)
      let hub = EventHub(channels: ["a", "b"], configuration: hubConfiguration)
      let observer = ThreadObserver()
      hub.observeLaneCalls { observer.laneWasCalled($0) }
      let adapter = try await harness.start(EventStreamHandler(hub, configuration: configuration))
      let scene = Scene(hub: hub, adapter: adapter)
      let result = await onOwnThread { try body(scene) }
      await scene.stop(draining: .zero)
      try result.get()
      try require(
        observer.violations == 0, "a lane is called on one thread only; it was on others \(observer.violations) times")
      try require(
        hub.statistics.readers == 0, "\(hub.statistics.readers) streams are left after the server has stopped")
    }
  }

  /// All promises.
  public static let checks: [Check] = headChecks + deliveryChecks + endingChecks
}

/// What a check works with.
struct Scene: Sendable {
  let hub: EventHub
  let adapter: any RunningAdapter

  var port: Int { adapter.port }

  func stop(draining window: Duration) async { await adapter.stop(draining: window) }

  /// Waits for something that another thread does; polls, at most ten seconds.
  func wait(for what: String, _ condition: () -> Bool) throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(10)
    while !condition() {
      try require(clock.now < deadline, "waited ten seconds for \(what)")
      pause()
    }
  }

  /// Publishes so many events to channel `a`; their bytes on the wire.
  func publish(_ count: Int, dataBytes: Int = 20) throws -> [UInt8] {
    var expected: [UInt8] = []
    for number in 0..<count {
      let data = String(repeating: Character(UnicodeScalar(UInt8(97 + number % 26))), count: dataBytes)
      let id = try hub.publish(data, to: "a")
      expected += "id: \(id.rawValue)\ndata: \(data)\n\n".utf8
    }
    return expected
  }
}

/// Runs blocking work without holding up the tasks of the process.
private func onOwnThread(_ body: @escaping @Sendable () throws -> Void) async -> Result<Void, any Error> {
  await withCheckedContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(returning: Result(catching: body)) }
  }
}
