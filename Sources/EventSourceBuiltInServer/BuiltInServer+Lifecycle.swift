import EventSourceServer
import Synchronization

extension BuiltInServer {
  /// Opens the sockets and starts the threads.
  ///
  /// - Returns: Where the server listens: the port that the system chose if the configuration says 0. With
  ///   ``Configuration/additionalSockets``, the first of ``addresses``.
  /// - Throws: ``BuiltInServerError``, which names the address that failed; nothing is left open then. Among the
  ///   reasons: the configuration is not valid, the port is in use, the server runs already.
  @discardableResult
  public func start() throws(BuiltInServerError) -> BoundAddress { try startThreads().addresses[0] }

  private func startThreads() throws(BuiltInServerError) -> LoopThreads {
    try configuration.validate()
    if configuration.raisesDescriptorLimit, let (before, limit) = DescriptorLimit.raise() {
      log("The limit of open descriptors is raised", [("from", "\(before)"), ("to", "\(limit)")])
    }
    let result = lifecycle.withLock { lifecycle -> Result<LoopThreads, BuiltInServerError> in
      guard lifecycle.isStopped else { return .failure(.alreadyRunning) }
      do throws(BuiltInServerError) {
        let threads = try LoopThreads(
          ServerContext(configuration, logger: logger, accessLog: accessLog, routes: routes))
        lifecycle.started(threads)
        return .success(threads)
      } catch {
        return .failure(error)
      }
    }
    let threads = try result.get()
    ServiceManager.tell("READY=1")
    for address in threads.addresses { log("The server listens", [("address", "\(address)")]) }
    return threads
  }

  /// Stops: takes no new connections, closes idle ones, lets requests that are being served finish, and ends the
  /// streams at random moments within the window, so that their readers do not all come back at once.
  ///
  /// Returns when every thread has ended and every descriptor is closed. That takes at most a second longer than the
  /// window; remaining connections are then closed. Route closures that are still running are cancelled but not
  /// awaited. The server can then be started again. Returns immediately if the server is not running. If another call
  /// is already stopping the server, waits for it to finish; the shorter window applies.
  public func stop(draining window: Duration = .zero) async { await stop(nil, draining: window) }

  /// Stops these threads, or those that run, if nil.
  private func stop(_ threads: LoopThreads?, draining window: Duration) async {
    switch lifecycle.withLock({ $0.stop(threads) }) {
    case .none: return
    case .hurry(let threads):
      threads.drain(over: window)
      await untilStopped(threads)
    case .end(let threads):
      ServiceManager.tell("STOPPING=1")
      log("The server is stopping", [("drain_window", "\(window)")])
      threads.drain(over: window)
      await threads.join()
      let waiters = lifecycle.withLock { $0.stopped() }
      for waiter in waiters { waiter.resume() }
      log("The server has stopped")
    }
  }

  /// Starts, serves until the task is canceled, the program is told to end, or somebody calls ``stop(draining:)``, and
  /// stops.
  ///
  /// ```swift
  /// try await server.run(draining: .seconds(5), stopsOnSignals: true) { print("listening on \($0.url)") }
  /// ```
  ///
  /// - Parameters:
  ///   - window: Over how long the streams are ended when the task is canceled or a signal comes.
  ///   - stopsOnSignals: Whether SIGTERM and SIGINT stop the server instead of ending the program, for as long as this
  ///     runs. The second signal ends the program at once.
  ///   - listening: Called when all sockets are open, once for each address that is listened at, in the order of
  ///     ``addresses``.
  /// - Throws: ``BuiltInServerError`` if the server does not start; cancellation is the regular end, and throws
  ///   nothing.
  public func run(
    draining window: Duration = .zero,
    stopsOnSignals: Bool = false,
    whenListening listening: @Sendable (BoundAddress) -> Void = { _ in }
  ) async throws {
    // The stop is asked for from where the cancellation is seen; its end is waited for here, as anybody's is.
    let canceled = AsyncStream<Void>.makeStream()
    // Before the port is open: a signal that comes later than the program's announcement stops the server.
    let watcher = stopsOnSignals ? try StopSignals.watch { canceled.continuation.yield() } : nil
    defer { watcher.map(StopSignals.unwatch) }
    let threads = try startThreads()
    for address in threads.addresses { listening(address) }
    await withTaskCancellationHandler {
      let stopping = Task {
        for await _ in canceled.stream { await stop(threads, draining: window) }
      }
      await untilStopped(threads)
      canceled.continuation.finish()
      await stopping.value
    } onCancel: {
      canceled.continuation.yield()
      canceled.continuation.finish()
    }
  }

  /// Returns when these threads have ended, whether the waiting task is canceled or not.
  private func untilStopped(_ threads: LoopThreads) async {
    await withCheckedContinuation { continuation in
      let isKept = lifecycle.withLock { $0.wait(for: threads, continuation) }
      if !isKept { continuation.resume() }
    }
  }

  private func log(_ message: StaticString, _ metadata: [(name: String, value: String)] = []) {
    logger?.log(EventLogRecord(level: .info, message: message, metadata: metadata))
  }
}
