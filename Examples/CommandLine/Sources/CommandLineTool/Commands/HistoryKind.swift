import ArgumentParser
import EventSourceRedis
import EventSourceSQLite
import EventSourceServer

/// Where `serve` stores the history of its channels. Add a new kind here; nothing else needs to change.
enum HistoryKind {
  case memory
  case sqlite(path: String)
  case redis(RedisServer)

  static let help = ArgumentHelp(
    """
    Where the channels' past is kept: memory, sqlite:PATH, or a Redis server, by which several processes share their \
    channels: redis://[user:password@]host[:port][/database], redis+unix:PATH, or \
    redis+sentinel://host[:port]/master.
    """, valueName: "kind")

  init(argument: String) throws {
    if ["redis:", "rediss:", "redis+"].contains(where: { argument.hasPrefix($0) }) {
      do {
        self = .redis(try RedisServer(url: argument))
        return
      } catch {
        throw ValidationError("\(error).")
      }
    }
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (parts[0], parts.count > 1 ? parts[1] : nil) {
    case ("memory", nil): self = .memory
    case ("memory", _): throw ValidationError("memory has no value after a colon.")
    case ("sqlite", nil), ("sqlite", ""): throw ValidationError("sqlite needs a path after a colon: sqlite:PATH.")
    case ("sqlite", let path?): self = .sqlite(path: path)
    case (let kind, _):
      throw ValidationError("there is no kind of history \"\(kind)\"; use memory, sqlite:PATH or redis://HOST.")
    }
  }

  /// Opens the history.
  func open() async throws -> History {
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
    case .redis(let server):
      do {
        let repository = try await RedisEventRepository([server])
        return History(repository: repository) { repository.close() }
      } catch {
        throw Failure(.unavailable, "\(error)")
      }
    }
  }
}

/// The history of the channels while the server is running.
struct History {
  var repository: any EventRepository
  /// Called when the server has stopped.
  var close: @Sendable () async -> Void = {}
}
