public import CEventSource
import EventSourceFormat
import EventSourceLibevent
import EventSourceServer

/// A status with a description.
package struct Failure: Error {
  /// The statuses of the header except `ES_OK`.
  package enum Kind: CaseIterable, Sendable {
    case nullArgument, invalidText, invalidValue, unknownChannel, limitExceeded, closed, pathInUse, noRoute, notPending
    case outOfResources, invalidHandle, recordedChannel, historyFailed, outcomeUnknown, ended, unknownRun, runExists

    var status: es_status {
      switch self {
      case .nullArgument: ES_NULL_ARGUMENT
      case .invalidText: ES_INVALID_TEXT
      case .invalidValue: ES_INVALID_VALUE
      case .unknownChannel: ES_UNKNOWN_CHANNEL
      case .limitExceeded: ES_LIMIT_EXCEEDED
      case .closed: ES_CLOSED
      case .pathInUse: ES_PATH_IN_USE
      case .noRoute: ES_NO_ROUTE
      case .notPending: ES_NOT_PENDING
      case .outOfResources: ES_OUT_OF_RESOURCES
      case .invalidHandle: ES_INVALID_HANDLE
      case .recordedChannel: ES_RECORDED_CHANNEL
      case .historyFailed: ES_HISTORY_FAILED
      case .outcomeUnknown: ES_OUTCOME_UNKNOWN
      case .ended: ES_ENDED
      case .unknownRun: ES_UNKNOWN_RUN
      case .runExists: ES_RUN_EXISTS
      }
    }

    var meaning: StaticString {
      switch self {
      case .nullArgument: "a required pointer is NULL"
      case .invalidText: "a text is not UTF-8, is too long, is empty, or contains a character that is not allowed there"
      case .invalidValue: "a number, an option or an outcome is not allowed"
      case .unknownChannel: "there is no channel of this name"
      case .limitExceeded: "a limit of the hub was exceeded"
      case .closed: "the hub was closed"
      case .pathInUse: "the evhttp server already has a callback for this path"
      case .noRoute: "no mounted path matches the request"
      case .notPending: "this was answered before, or the reader has disconnected"
      case .outOfResources: "the system or libevent reported an error"
      case .invalidHandle: "the object was freed, is of another kind, or was created before fork()"
      case .recordedChannel: "the channel has a history; publish with es_publish_recorded"
      case .historyFailed: "a history cannot be opened, read or written"
      case .outcomeUnknown: "a history did not answer in time and may have recorded the event"
      case .ended: "the run has ended"
      case .unknownRun: "there is no run with this ID in memory"
      case .runExists: "there is already a run with this ID"
      }
    }
  }

  package var kind: Kind
  package var message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// Creates the failure that reports an error of the library to C.
  ///
  /// - Parameter other: The kind for errors of unknown types.
  package init(_ error: any Error, other: Kind = .invalidValue) {
    switch error {
    case let failure as Failure: self = failure
    case let error as any FailureConvertible: self = error.failure
    case let error as PublishError: self.init(error)
    case let error as RunError: self.init(error)
    case is EventStreamFormatError, is EventIDFlaw, is ChannelNameError, is PathPatternError:
      self.init(.invalidText, "\(error)")
    case let error as LibeventError: self.init(error)
    case let error as ConfigurationError: self = OptionNames.failure(error)
    default: self.init(other, "\(error)")
    }
  }

  private init(_ error: PublishError) {
    switch error {
    case .unknownChannel, .channelRemoved: self.init(.unknownChannel, "\(error)")
    case .tooManyChannels, .eventTooLarge, .recordingBacklog: self.init(.limitExceeded, "\(error)")
    case .unusableID, .generatedID: self.init(.invalidText, "\(error)")
    case .recordingChannel(let name):
      self.init(.recordedChannel, "the channel \"\(name)\" has a history; publish with es_publish_recorded")
    case .wrongRecording: self.init(.historyFailed, "\(error)")
    case .outcomeUnknown: self.init(.outcomeUnknown, "\(error)")
    case .closed: self.init(.closed, "\(error)")
    }
  }

  private init(_ error: RunError) {
    switch error {
    case .ended: self.init(.ended, "\(error)")
    case .byteLimit, .overBudget, .tooManyRuns: self.init(.limitExceeded, "\(error)")
    case .invalidID, .generatedID: self.init(.invalidText, "\(error)")
    case .idInUse: self.init(.runExists, "\(error)")
    case .recordingRun(let id):
      self.init(.recordedChannel, "the run \"\(id)\" has a history; write it with es_run_write_recorded")
    case .incompleteHistory: self.init(.historyFailed, "\(error)")
    case .closed: self.init(.closed, "\(error)")
    }
  }

  private init(_ error: LibeventError) {
    switch error {
    case .outOfResources: self.init(.outOfResources, "\(error)")
    case .pathInUse: self.init(.pathInUse, "\(error)")
    case .invalidPath: self.init(.invalidText, "\(error)")
    case .pathNeverMatches, .otherHub: self.init(.invalidValue, "\(error)")
    case .invalidConfiguration(let error): self = OptionNames.failure(error)
    case .closed: self.init(.closed, "\(error)")
    }
  }
}

/// An error type of another library, which this one does not know.
package protocol FailureConvertible: Error {
  /// The failure that reports the error to C.
  var failure: Failure { get }
}

/// Runs the implementation of a C function. A thrown error becomes the status and the thread's last error.
package func reporting(_ body: () throws -> Void) -> es_status {
  do {
    try body()
    return ES_OK
  } catch {
    let failure = Failure(error)
    LastError.set(failure.message)
    return failure.kind.status
  }
}

/// See the header.
@c @implementation
public func es_status_message(_ status: es_status) -> UnsafePointer<CChar>! {
  let meaning: StaticString =
    status == ES_OK
    ? "success" : Failure.Kind.allCases.first { $0.status == status }?.meaning ?? "not a status"
  return UnsafeRawPointer(meaning.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// See the header.
@c @implementation
public func es_last_error() -> UnsafePointer<CChar>! { LastError.get() }
