import Synchronization

/// Reads the beginning of an error response's body, which usually explains the error.
enum ErrorBody {
  /// The maximum time to read. The error is then reported with what has arrived.
  private static let timeLimit = Duration.seconds(2)

  /// Returns at most `limit` bytes. Returns fewer if the body ends, breaks off or takes too long.
  static func read(_ body: any TransportBody, atMost limit: Int, clock: any Clock<Duration>) async -> [UInt8] {
    guard limit > 0 else { return [] }
    let collected = Collected()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        try? await Abandonable<Void>().run {
          while collected.bytes.withLock({ $0.count < limit }), let chunk = try await body.next() {
            collected.bytes.withLock { $0 += chunk.prefix(limit - $0.count) }
          }
        }
      }
      group.addTask { try? await clock.sleep(for: timeLimit) }
      await group.next()
      group.cancelAll()
    }
    return collected.bytes.withLock { $0 }
  }

  private final class Collected: Sendable {
    let bytes = Mutex<[UInt8]>([])
  }
}
