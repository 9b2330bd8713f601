import EventSourceServer
import Synchronization

extension BuiltInServer {
  /// Opens the port and starts the threads.
  ///
  /// - Returns: Where the server listens: the port that the system chose if the configuration says 0.
  /// - Throws: ``BuiltInServerError``; nothing is left open then. Among the reasons: the configuration is not valid,
  ///   the port is in use, the server runs already.
  @discardableResult
  public func start() throws(BuiltInServerError) -> BoundAddress {
    try configuration.validate()
    let result = lifecycle.withLock { lifecycle -> Result<LoopThreads, BuiltInServerError> in
      guard lifecycle.isStopped else { return .failure(.alreadyRunning) }
      do throws(BuiltInServerError) {
        let threads = try LoopThreads(ServerContext(configuration, logger: logger, routes: routes))
        lifecycle.started(threads)
        return .success(threads)
      } catch {
        return .failure(error)
      }
    }
    let address = try result.get().address
    log("The server listens", [("address", "\(address)")])
    return address
  }

  /// Stops: takes no new connections, closes idle ones, lets requests that are being served finish, and ends the
  /// streams at random moments within the window, so that their readers do not all come back at once.
  ///
  /// Returns when every thread has ended and every descriptor is closed: at the latest a second after the window, when
  /// what is left has been cut off. A route's closure that still runs is canceled, but not waited for. Then the server
  /// may be started again. Returns at once if the server does not run; while another call stops it, waits for the same
  /// end, which a shorter window brings nearer.
  public func stop(draining window: Duration = .zero) async {
    switch lifecycle.withLock({ $0.stop() }) {
    case .none: return
    case .hurry(let threads):
      threads.drain(over: window)
      await untilStopped()
    case .end(let threads):
      log("The server stops", [("draining", "\(window)")])
      threads.drain(over: window)
      await threads.join()
      let waiters = lifecycle.withLock { $0.stopped() }
      for waiter in waiters { waiter.resume() }
      log("The server has stopped")
    }
  }

  /// Starts, serves until the task is canceled or somebody calls ``stop(draining:)``, and stops.
  ///
  /// - Parameters:
  ///   - window: Over how long the streams are ended when the task is canceled.
  ///   - listening: Called once, when the port is open.
  /// - Throws: ``BuiltInServerError`` if the server does not start; cancellation is the regular end, and throws
  ///   nothing.
  public func run(
    draining window: Duration = .zero,
    whenListening listening: @Sendable (BoundAddress) -> Void = { _ in }
  ) async throws {
    listening(try start())
    let waiter = lifecycle.withLock { $0.newWaiter() }
    await withTaskCancellationHandler {
      await untilStopped(waiter)
    } onCancel: {
      lifecycle.withLock { $0.cancel(waiter) }?.resume()
    }
    await stop(draining: window)
  }

  private func untilStopped() async {
    await untilStopped(lifecycle.withLock { $0.newWaiter() })
  }

  /// Returns when the server has stopped, or the waiter is canceled.
  private func untilStopped(_ waiter: Int) async {
    await withCheckedContinuation { continuation in
      let isKept = lifecycle.withLock { $0.wait(waiter, continuation) }
      // A task that was canceled before this found nothing to cancel.
      if !isKept {
        continuation.resume()
      } else if Task.isCancelled {
        lifecycle.withLock { $0.cancel(waiter) }?.resume()
      }
    }
  }

  private func log(_ message: StaticString, _ metadata: [(name: String, value: String)] = []) {
    logger?.log(EventLogRecord(level: .info, message: message, metadata: metadata))
  }
}
