import EventSourceServer
import Synchronization

extension BuiltInServer {
  /// Opens the sockets and starts the threads.
  ///
  /// - Returns: The address that the server listens on, with the port that the system chose if the configured one is 0.
  ///   With ``Configuration/additionalSockets``, the first of ``addresses``.
  /// - Throws: ``BuiltInServerError``, which names the address that failed, for example because the configuration is
  ///   invalid, the port is in use, or the server is already running. If this throws, no socket stays open.
  @discardableResult
  public func start() throws(BuiltInServerError) -> ListeningAddress { try startThreads().addresses[0] }

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

  /// Stops the server: accepts no new connections, closes idle ones, lets requests in progress finish, and ends the
  /// streams at random times within the window, so that readers do not reconnect all at once.
  ///
  /// Returns when every thread has ended and every descriptor is closed. That takes at most a second longer than the
  /// window; remaining connections are then closed. Route closures that are still running are cancelled but not
  /// awaited. The server can then be started again. Returns immediately if the server is not running. If another call
  /// is already stopping the server, waits for it to finish; the shorter window applies.
  public func stop(drainingOver window: Duration = .zero) async { await stop(nil, draining: window) }

  /// Stops the given threads, or the running ones if `nil`.
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

  /// Starts the server, serves, and stops it. Serving ends when the task is cancelled, when a signal arrives, or when
  /// ``stop(drainingOver:)`` is called.
  ///
  /// ```swift
  /// try await server.run(drainingOver: .seconds(5), stopsOnSignals: true) { print("listening on \($0.url)") }
  /// ```
  ///
  /// - Parameters:
  ///   - window: The time over which the streams end when the task is cancelled or a signal arrives.
  ///   - stopsOnSignals: Whether SIGTERM and SIGINT stop the server instead of ending the program while this runs. A
  ///     second signal ends the program immediately.
  ///   - listening: Called when all sockets are open, once per address, in the order of ``addresses``.
  /// - Throws: ``BuiltInServerError`` if the server does not start. Cancellation is a normal end and does not throw.
  public func run(
    drainingOver window: Duration = .zero,
    stopsOnSignals: Bool = false,
    onListening listening: @Sendable (ListeningAddress) -> Void = { _ in }
  ) async throws {
    // The cancellation handler requests the stop. This function waits for its end, like every other caller.
    let canceled = AsyncStream<Void>.makeStream()
    // Watched before the port opens, so a signal after the program's announcement always stops the server.
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

  /// Returns when these threads have ended, even if the waiting task is cancelled.
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
