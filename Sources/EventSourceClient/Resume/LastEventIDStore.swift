/// Where the last event ID is kept over restarts of the program.
public protocol LastEventIDStore: Sendable {
  /// What was saved last; nil: nothing yet.
  func load() async throws -> String?

  /// Saves an ID. Called once at a time, and returned from only when the ID would survive what the store promises.
  func save(_ id: String) async throws
}
