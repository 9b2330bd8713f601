/// A reason why a run was not started or not written.
public enum RunError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The run has ended. Nothing was written.
  case ended(RunOutcome)
  /// The event would have made the run exceed ``RunCollection/Configuration/maximumBytesPerRun``. The event was not
  /// written, and the run was stopped.
  case byteLimit(limit: Int)
  /// The collection's runs are at their memory limit. Nothing was written, and the run continues. An awaited write
  /// throws this only after ``RunCollection/Configuration/writeTimeout``.
  case overBudget(limit: Int)
  /// The collection has the maximum number of runs, and none can be discarded.
  case tooManyRuns(limit: Int)
  /// The text is not 1 to 128 letters, digits, `-`, `.`, `_` or `~`.
  case invalidID(String)
  /// The collection already has a run with this ID.
  case idInUse(String)
  /// The event's ID looks like an ID that the run generates. Publish the event without an ID.
  case generatedID(String)
  /// A repository records the run, which is asynchronous. Use ``Run/write(_:waitingUntil:)``.
  case recordingRun(String)
  /// Another process produces the run. Only that process can write and end it. Any process can stop it.
  case producedElsewhere(String)
  /// The repository does not have the complete run.
  case incompleteHistory(String)
  /// The collection or its hub was closed.
  case closed

  /// A one-line description.
  public var description: String {
    switch self {
    case .ended(let outcome): "the run has ended (\(outcome.name)); nothing was written"
    case .byteLimit(let limit): "the run exceeds its limit of \(limit) bytes; it was stopped"
    case .overBudget(let limit):
      "the collection's runs have reached their memory limit of \(limit) bytes; nothing was written"
    case .tooManyRuns(let limit): "the collection has \(limit) runs, which is the maximum"
    case .invalidID(let id): "the run's ID \"\(id)\" is not 1 to 128 letters, digits, -, ., _ or ~"
    case .idInUse(let id): "a run with the ID \"\(id)\" exists"
    case .generatedID(let id): "the event's ID \"\(id)\" looks like a generated one; publish the event without an ID"
    case .recordingRun(let id): "the run \"\(id)\" is recorded by a repository: await write(_:waitingUntil:)"
    case .producedElsewhere(let id): "another process produces the run \"\(id)\"; only that process can write it"
    case .incompleteHistory(let id): "the history no longer has the beginning of the run \"\(id)\""
    case .closed: "the collection of runs is closed"
    }
  }
}
