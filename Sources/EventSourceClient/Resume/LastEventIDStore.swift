/// A store that keeps the last event ID across restarts of the program.
public protocol LastEventIDStore: Sendable {
  /// Returns the most recently saved ID, or `nil` if none was saved.
  func load() async throws -> String?

  /// Saves an ID. The source makes one call at a time. Return only once the ID is as durable as the store promises.
  func save(_ id: String) async throws
}
