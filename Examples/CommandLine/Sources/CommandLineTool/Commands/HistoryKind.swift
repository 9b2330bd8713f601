import ArgumentParser
import EventSourceServer

/// Where `serve` keeps the past of its channels; a new kind is added here and nowhere else.
enum HistoryKind: CustomStringConvertible {
  case memory

  static let help = ArgumentHelp("Where the channels' past is kept: memory.", valueName: "kind")

  init(argument: String) throws {
    let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    switch (parts[0], parts.count > 1 ? parts[1] : nil) {
    case ("memory", nil): self = .memory
    case ("memory", _): throw ValidationError("memory takes nothing after a colon.")
    case (let kind, _): throw ValidationError("there is no kind of history \"\(kind)\"; there is memory.")
    }
  }

  /// Opens it.
  func open() throws -> History {
    switch self {
    case .memory: History(repository: InMemoryEventRepository())
    }
  }

  var description: String {
    switch self {
    case .memory: "memory"
    }
  }
}

/// The past of the channels, while the server runs.
struct History {
  var repository: any EventRepository
  /// What is to be done when the server has stopped.
  var close: @Sendable () async -> Void = {}
}
