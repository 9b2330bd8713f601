/// Why a run was not begun, or not written to.
public enum RunError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The run is over: it was finished, failed or stopped. Nothing was written.
  case ended(RunOutcome)
  /// The event would make the run larger than ``RunCollection/Configuration/maximumBytesPerRun``. It was not written,
  /// and the run was stopped.
  case byteLimit(limit: Int)
  /// The collection's runs take up as much memory as they may. Nothing was written, and the run goes on: an awaited
  /// write waits, and throws this after ``RunCollection/Configuration/writeTimeout``.
  case overBudget(limit: Int)
  /// The collection has as many runs as it may.
  case tooManyRuns(limit: Int)
  /// The text is not 1 to 128 letters, digits, `-`, `.`, `_` or `~`.
  case invalidID(String)
  /// The collection has a run of this ID.
  case idInUse(String)
  /// The event's own ID begins as those that the run generates. Leave it out.
  case generatedID(String)
  /// The run is recorded by a repository, which is asynchronous: await ``Run/write(_:awaiting:)``.
  case recordingRun(String)
  /// The repository's events are not a whole run.
  case incompleteHistory(String)
  /// The collection or its hub was closed.
  case closed

  /// A one-line description.
  public var description: String {
    switch self {
    case .ended(let outcome): "the run is over (\(outcome.name)); nothing was written"
    case .byteLimit(let limit): "the run has \(limit) bytes, which is its limit; it was stopped"
    case .overBudget(let limit): "the runs have \(limit) bytes together, which is their limit; nothing was written"
    case .tooManyRuns(let limit): "there are \(limit) runs, and may not be more"
    case .invalidID(let id): "the run's ID \"\(id)\" is not 1 to 128 letters, digits, -, ., _ or ~"
    case .idInUse(let id): "there is a run with the ID \"\(id)\""
    case .generatedID(let id): "the event's ID \"\(id)\" is one that the run generates; leave it out"
    case .recordingRun(let id): "the run \"\(id)\" is recorded by a repository: await write(_:awaiting:)"
    case .incompleteHistory(let id): "the history no longer has the beginning of the run \"\(id)\""
    case .closed: "the collection of runs is closed"
    }
  }
}
