public import CEventSource
import EventSourceFormat
import EventSourceLibevent
import EventSourceServer

/// A status and what there is to say about it.
struct Failure: Error {
  /// The statuses of the header, but for `ES_OK`.
  enum Kind: CaseIterable {
    case nullArgument, invalidText, invalidValue, unknownChannel, limitExceeded, closed, pathInUse, noRoute, notPending
    case outOfResources

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
      }
    }
  }

  var kind: Kind
  var message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// What any error of the library is in C.
  init(_ error: any Error) {
    switch error {
    case let failure as Failure:
      self = failure
    case let error as PublishError:
      switch error {
      case .unknownChannel, .channelRemoved: self.init(.unknownChannel, "\(error)")
      case .tooManyChannels, .eventTooLarge: self.init(.limitExceeded, "\(error)")
      case .unusableID, .generatedID: self.init(.invalidText, "\(error)")
      // No repository of a C program records.
      case .recordingChannel, .wrongRecording, .recordingBacklog, .outcomeUnknown: self.init(.invalidValue, "\(error)")
      case .closed: self.init(.closed, "\(error)")
      }
    case is EventStreamFormatError, is ChannelNameError, is PathPatternError:
      self.init(.invalidText, "\(error)")
    case let error as LibeventError:
      switch error {
      case .outOfResources: self.init(.outOfResources, "\(error)")
      case .pathInUse: self.init(.pathInUse, "\(error)")
      case .invalidPath: self.init(.invalidText, "\(error)")
      case .pathNeverMatches, .otherHub: self.init(.invalidValue, "\(error)")
      case .closed: self.init(.closed, "\(error)")
      }
    default:
      self.init(.invalidValue, "\(error)")
    }
  }
}

/// Calls what a function of the header does; what it throws becomes the status, and the thread's last error.
func reporting(_ body: () throws -> Void) -> es_status {
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
