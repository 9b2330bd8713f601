import Synchronization

/// Reads the beginning of the body of a response that is no stream: it mostly says why.
enum ErrorBody {
  /// How long it may take: the error is reported then with what has come.
  private static let timeLimit = Duration.seconds(2)

  /// Returns at most so many bytes; fewer when the body ends or breaks off, or takes too long.
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
