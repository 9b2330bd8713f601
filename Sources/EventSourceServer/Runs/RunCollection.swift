import Synchronization

internal import EventSourceFormat

/// Finite event streams that outlive the requests that started them, such as the responses of a language model or the
/// progress of jobs.
///
/// The application starts a run, one producer writes it, and any number of viewers read it from its beginning. A run
/// ends when it is finished, fails or is stopped. It is kept for a time after its end, so that viewers that lost their
/// connection get the rest exactly once. <doc:Runs> describes the life of a run.
///
/// ```swift
/// let runs = RunCollection(hub)
/// let run = try runs.start { run in
///   for try await token in model.tokens { try await run.write(token, waitingUntil: .stored) }
/// }
/// ```
///
/// Runs are not channels of the hub: other handlers cannot read them, and the hub cannot publish to them. Their memory
/// counts against the hub's. All methods can be called from any thread. Deallocating a collection closes it; a ``Run``
/// keeps its collection in memory.
public final class RunCollection: Sendable {
  /// The hub whose lanes deliver the runs.
  public var hub: EventHub { store.hub }
  /// The name, which is the beginning of every ``Run/channelName``. An authorizer gets it when a request starts a run.
  public var name: ChannelName { store.name }
  /// The configuration with which the collection was created.
  public var configuration: Configuration { store.configuration }

  let store: RunStore
  /// The handler that serves the viewers.
  let handler: EventStreamHandler

  /// Creates a collection without runs.
  ///
  /// - Parameters:
  ///   - hub: The hub whose lanes deliver the runs.
  ///   - name: The collection's name, of at most 120 bytes. Collections that share a history or an authorizer need
  ///     different names.
  ///   - configuration: Limits and rules. Traps if it is invalid, or exceeds the hub's limits, so call
  ///     ``Configuration/validate()`` first on one that comes from user input.
  ///   - authorizer: Decides who may start, watch and stop runs. It gets the collection's ``name`` for a start, and the
  ///     run's ``Run/channelName`` for watching and stopping, which the request's method distinguishes. `nil` allows
  ///     everyone everything, so only a run's ID protects it.
  ///   - observer: Receives the changes of the runs.
  public init(
    _ hub: EventHub, name: ChannelName = "runs", configuration: Configuration = Configuration(),
    authorizer: (any ChannelAuthorizer)? = nil, observer: (any RunObserver)? = nil
  ) {
    do {
      (store, handler) = try Self.make(hub, name, configuration, authorizer, observer)
    } catch {
      preconditionFailure("\(error)")
    }
    store.setCollection(self)
  }

  /// Creates a collection like the public initializer, but throws if the configuration is invalid or exceeds the hub's
  /// limits.
  package init(
    checking configuration: Configuration, _ hub: EventHub, name: ChannelName, authorizer: (any ChannelAuthorizer)?,
    observer: (any RunObserver)?
  ) throws(ConfigurationError) {
    (store, handler) = try Self.make(hub, name, configuration, authorizer, observer)
    store.setCollection(self)
  }

  private static func make(
    _ hub: EventHub, _ name: ChannelName, _ configuration: Configuration, _ authorizer: (any ChannelAuthorizer)?,
    _ observer: (any RunObserver)?
  ) throws(ConfigurationError) -> (RunStore, EventStreamHandler) {
    try configuration.validate()
    try ConfigurationError.require(name.rawValue.utf8.count <= 120, "name", "at most 120 bytes", name)
    let store = RunStore(hub, name, configuration, observer)
    // Under one lock, so that collections that are created at the same time do not exceed the limit together.
    try hub.runStores.withLock { stores throws(ConfigurationError) in
      let others = stores.reduce(0) { $0 + ($1.store?.configuration.memoryLimit ?? 0) }
      let limit = hub.configuration.memoryLimit / 2
      try ConfigurationError.require(
        configuration.memoryLimit <= limit - others, "memoryLimit",
        "at most \(limit - others): half of the hub's, less those of its other collections", configuration.memoryLimit)
      stores.removeAll { $0.store == nil }
      stores.append(WeakRunStore(store))
    }
    return (
      store, EventStreamHandler(hub, configuration: configuration.handler, authorizer: authorizer, runs: store)
    )
  }

  deinit { store.close() }

  /// Starts a run that the caller writes and ends.
  ///
  /// - Parameter id: The run's ID: 1 to 128 letters, digits, `-`, `.`, `_` or `~`, never used before. `nil` creates an
  ///   ID of 24 characters that cannot be guessed.
  /// - Throws: ``RunError``.
  public func start(id: String? = nil) throws(RunError) -> Run {
    try store.start(id, in: self)
  }

  /// Starts a run that a function writes.
  ///
  /// - Parameters:
  ///   - id: The run's ID, as for ``start(id:)``.
  ///   - produce: Writes the run, in a task on the hub's ``EventHub/Configuration/taskExecutor``. The run is finished
  ///     when the function returns, unless the function ended it. If the function throws, the run fails: the error is
  ///     logged, and viewers see only that the producer failed. The task is cancelled when the run must stop.
  public func start(
    id: String? = nil, _ produce: @escaping @Sendable (Run) async throws -> Void
  ) throws(RunError) -> Run {
    let run = try store.start(id, in: self)
    let task = Task(executorPreference: hub.configuration.taskExecutor) { [hub] in
      do {
        try await produce(run)
        _ = try? run.finish()
      } catch {
        guard run.fail("the producer failed") else { return }
        hub.log(.error, "a run's producer failed") { [("run", run.id), ("error", "\(error)")] }
      }
    }
    run.core.setTask(task)
    return run
  }

  /// The run with an ID, or `nil` if it is not in memory. ``find(_:)`` also searches the history.
  public subscript(_ id: String) -> Run? {
    store.channel(id).map { Run(channel: $0, collection: self) }
  }

  /// Returns the run with an ID, or `nil` if there is none. If the run is not in memory, reads it from the history.
  ///
  /// - Throws: ``RunError``, or any error thrown by the history.
  public func find(_ id: String) async throws -> Run? {
    if let run = self[id] { return run }
    guard RunStore.isValid(id), try await store.load(id) else { return nil }
    return self[id]
  }

  /// The current statistics.
  public var statistics: RunStatistics { store.statistics }

  /// Stops and discards all runs. No run can be started afterwards. Viewers get the end of their run.
  public func close() { store.close() }
}
