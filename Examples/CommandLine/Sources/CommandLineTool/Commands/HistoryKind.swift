import ArgumentParser
import EventSourceSQLite
import EventSourceServer

/// Where `serve` keeps the past of its channels. Add a new kind here; nothing else needs to change.
enum HistoryKind: CustomStringConvertible {
  case memory
  case sqlite(path: String)

  static let help = ArgumentHelp("Where the channels' past is kept: memory, or sqlite:PATH.", valueName: "kind")

  init(argument: String) throws {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count > 1 ? parts[1] : nil) {
    case ("memory", nil): self = .memory
    case ("memory", _): throw ValidationError("memory has no value after a colon.")
    case ("sqlite", nil), ("sqlite", ""): throw ValidationError("sqlite needs a path after a colon: sqlite:PATH.")
    case ("sqlite", let path?): self = .sqlite(path: path)
    case (let kind, _):
      throw ValidationError("there is no kind of history \"\(kind)\"; use memory or sqlite:PATH.")
    }
  }

  /// Opens the history.
  func open() throws -> History {
    switch self {
    case .memory:
      return History(repository: InMemoryEventRepository())
    case .sqlite(let path):
      do {
        let repository = try SQLiteEventRepository(path: path)
        return History(repository: repository) { await repository.close() }
      } catch {
        throw Failure(.inputOutput, "the history \"\(path)\" cannot be opened: \(error)")
      }
    }
  }

  var description: String {
    switch self {
    case .memory: "memory"
    case .sqlite(let path): "sqlite:\(path)"
    }
  }
}

/// The past of the channels while the server is running.
struct History {
  var repository: any EventRepository
  /// Called when the server has stopped.
  var close: @Sendable () async -> Void = {}
}
