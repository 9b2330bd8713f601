import Synchronization

internal import EventSourceFormat

/// Finite event streams that outlive the requests that began them: the answers of a language model, the progress of
/// jobs.
///
/// A run is started by the application, written by one producer, watched by any number of viewers from its beginning,
/// and finished, failed or stopped. It is kept for a time after its end, so that viewers which lost their connection
/// get the rest exactly once; then it is gone. <doc:Runs> has the life of a run.
///
/// ```swift
/// let runs = RunCollection(hub)
/// let run = try runs.start { run in
///   for try await token in model.tokens { try await run.write(token, waitingUntil: .stored) }
/// }
/// ```
///
/// The runs are no channels of the hub: no other handler reads them, and nobody publishes to them by name. Their memory
/// counts against the hub's. All methods can be called from any thread. Deallocating a collection closes it; a producer
/// that is given a run keeps its collection.
public final class RunCollection: Sendable {
  /// The hub whose lanes deliver the runs.
  public var hub: EventHub { store.hub }
  /// The name, with which the runs' ``Run/channelName`` begin, and by which an authorizer is asked who may start runs.
  public var name: ChannelName { store.name }
  /// The configuration with which it was created.
  public var configuration: Configuration { store.configuration }

  let store: RunStore
  /// Serves the viewers.
  let handler: EventStreamHandler

  /// Creates a collection without runs.
  ///
  /// - Parameters:
  ///   - hub: The hub whose lanes deliver the runs.
  ///   - name: The collection's name, of at most 120 bytes. Collections of one hub that share a history or an
  ///     authorizer need different ones.
  ///   - configuration: Limits and rules. Traps if it is invalid, or exceeds the hub's limits, so call
  ///     ``Configuration/validate()`` first on one that comes from user input.
  ///   - authorizer: Decides who may start, watch and stop runs. Watching and stopping are asked about with the run's
  ///     ``Run/channelName``, starting with the collection's ``name``; the request's method tells which. `nil` lets
  ///     everyone do everything, so that a run's ID is what protects it.
  ///   - observer: Told what happens to the runs.
  public init(
    _ hub: EventHub, name: ChannelName = "runs", configuration: Configuration = Configuration(),
    authorizer: (any ChannelAuthorizer)? = nil, observer: (any RunObserver)? = nil
  ) {
    do {
      try configuration.validate()
      let limit = hub.configuration.maximumBytes / 2
      let others = hub.runStores.withLock { $0.reduce(0) { $0 + ($1.store?.configuration.maximumBytes ?? 0) } }
      try ConfigurationError.require(
        others + configuration.maximumBytes <= limit, "maximumBytes",
        "at most \(limit) over all collections, half of the hub's", others + configuration.maximumBytes)
      try ConfigurationError.require(name.rawValue.utf8.count <= 120, "name", "at most 120 bytes", name)
    } catch {
      preconditionFailure("\(error)")
    }
    let store = RunStore(hub, name, configuration, observer)
    self.store = store
    handler = EventStreamHandler(hub, configuration: configuration.handler, authorizer: authorizer, runs: store)
    store.setCollection(self)
    hub.runStores.withLock { stores in
      stores.removeAll { $0.store == nil }
      stores.append(WeakRunStore(store))
    }
  }

  deinit { store.close() }

  /// Starts a run, which the caller writes and ends.
  ///
  /// - Parameter id: Its ID: 1 to 128 letters, digits, `-`, `.`, `_` or `~`, never used before. `nil` makes one of 24
  ///   characters that cannot be guessed.
  /// - Throws: ``RunError``.
  public func start(id: String? = nil) throws(RunError) -> Run {
    try store.start(id, in: self)
  }

  /// Starts a run, which a function writes.
  ///
  /// - Parameters:
  ///   - id: As in ``start(id:)``.
  ///   - produce: Runs as a task, on the hub's ``EventHub/Configuration/taskExecutor``. The run is finished when it
  ///     returns, unless it has ended the run itself, and failed when it throws: the error is logged, and viewers are
  ///     told that the producer failed. The task is cancelled when the run is to stop.
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

  /// The run of an ID; nil: there is none in memory. ``find(_:)`` also looks into the history.
  public subscript(_ id: String) -> Run? {
    store.channel(id).map { Run(channel: $0, collection: self) }
  }

  /// The run of an ID, read from the history if it is not in memory; nil: there is none.
  ///
  /// - Throws: What the history throws, and ``RunError``.
  public func find(_ id: String) async throws -> Run? {
    if let run = self[id] { return run }
    guard RunStore.isValid(id), try await store.load(id) else { return nil }
    return self[id]
  }

  /// How the runs do at this moment.
  public var statistics: RunStatistics { store.statistics }

  /// Stops all runs and discards them; none can be started any more. Viewers are told.
  public func close() { store.close() }
}
