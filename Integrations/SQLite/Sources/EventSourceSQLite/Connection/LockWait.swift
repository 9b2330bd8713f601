internal import CSQLite

/// The time for which a connection waits for a file lock, and its work during the wait. Confined to the connection's
/// thread.
final class LockWait {
  /// The pauses between attempts, in milliseconds.
  private static let pauses: [Int32] = [1, 2, 5, 10, 15, 20, 25]

  /// Called after each attempt.
  var meanwhile: () -> Void = {}
  private var limit: Duration
  private var begin = ContinuousClock.now

  init(limit: Duration) { self.limit = limit.asTimeLimit }

  /// Installs the busy handler on a connection. The connection must be closed before this is released.
  func install(on handle: OpaquePointer) {
    sqlite3_busy_handler(
      handle,
      { context, attempts in
        guard let context else { return 0 }
        return Unmanaged<LockWait>.fromOpaque(context).takeUnretainedValue().isToBeContinued(after: attempts) ? 1 : 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// Runs `body` with another limit.
  func within<R, Failure: Error>(_ limit: Duration, _ body: () throws(Failure) -> R) throws(Failure) -> R {
    let usual = self.limit
    self.limit = limit.asTimeLimit
    defer { self.limit = usual }
    return try body()
  }

  private func isToBeContinued(after attempts: Int32) -> Bool {
    if attempts == 0 { begin = .now }
    meanwhile()
    guard ContinuousClock.now - begin < limit else { return false }
    sqlite3_sleep(Self.pauses[min(Int(attempts), Self.pauses.count - 1)])
    return true
  }
}
