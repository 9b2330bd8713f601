public import CEventSource
import EventSourceFormat
import EventSourceLibevent
import EventSourceServer

/// A status and what there is to say about it.
package struct Failure: Error {
  /// The statuses of the header, but for `ES_OK`.
  package enum Kind: CaseIterable, Sendable {
    case nullArgument, invalidText, invalidValue, unknownChannel, limitExceeded, closed, pathInUse, noRoute, notPending
    case outOfResources, invalidHandle, recordedChannel, historyFailed, outcomeUnknown

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
      }
    }

    var meaning: StaticString {
      switch self {
      case .nullArgument: "a pointer that must not be NULL is"
      case .invalidText: "a text is not UTF-8, too long, empty, or has a character that its place cannot carry"
      case .invalidValue: "a number, an option or an outcome is not one that is allowed"
      case .unknownChannel: "there is no channel of this name"
      case .limitExceeded: "the hub was configured for less"
      case .closed: "the hub was closed"
      case .pathInUse: "the evhttp server has a callback for this path already"
      case .noRoute: "no mounted path matches the request"
      case .notPending: "this was answered before, or the reader has left"
      case .outOfResources: "the system or libevent refused something"
      case .invalidHandle: "the object was freed, is of another kind, or was made before fork()"
      case .recordedChannel: "the channel's events are recorded: publish with es_publish_recorded"
      case .historyFailed: "a history cannot be opened, read or written"
      case .outcomeUnknown: "a history has not answered in time, and may have the event"
      }
    }
  }

  package var kind: Kind
  package var message: String

  package init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// What any error of the library is in C.
  ///
  /// - Parameter other: What an error is that the library does not know.
  package init(_ error: any Error, other: Kind = .invalidValue) {
    switch error {
    case let failure as Failure: self = failure
    case let error as any FailureConvertible: self = error.failure
    case let error as PublishError: self.init(error)
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
      self.init(.recordedChannel, "the channel \"\(name)\" is recorded: publish with es_publish_recorded")
    case .wrongRecording: self.init(.historyFailed, "\(error)")
    case .outcomeUnknown: self.init(.outcomeUnknown, "\(error)")
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

/// An error of a library that this one does not know.
package protocol FailureConvertible: Error {
  /// What it is in C.
  var failure: Failure { get }
}

/// Calls what a function of the header does; what it throws becomes the status, and the thread's last error.
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
    ? "it was done" : Failure.Kind.allCases.first { $0.status == status }?.meaning ?? "a number that is no status"
  return UnsafeRawPointer(meaning.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// See the header.
@c @implementation
public func es_last_error() -> UnsafePointer<CChar>! { LastError.get() }
