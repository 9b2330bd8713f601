public import EventSourceServer

/// A reason why event streams cannot be served from an event base.
public enum LibeventError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The named call to the system or to libevent failed.
  case outOfResources(String)
  /// The path already has a callback.
  case pathInUse(String)
  /// The path is malformed.
  case invalidPath(PathPatternError)
  /// The path would never match, because evhttp compares paths literally. It has named segments, a query or a fragment.
  case pathNeverMatches(String)
  /// The handler's configuration lets no request at this path name a channel.
  case invalidConfiguration(ConfigurationError)
  /// The handler belongs to a different hub than the streams.
  case otherHub
  /// The streams were closed.
  case closed

  /// A one-line description.
  public var description: String {
    switch self {
    case .outOfResources(let what): "the event base cannot be used for event streams: \(what) failed"
    case .pathInUse(let path): "the evhttp server already has a callback for \"\(path)\""
    case .invalidPath(let error): "\(error)"
    case .pathNeverMatches(let path):
      "evhttp never finds a callback for \"\(path)\"; serve paths with named segments from the general callback"
    case .invalidConfiguration(let error): "\(error)"
    case .otherHub: "the handler belongs to a different hub than the streams"
    case .closed: "these event streams were closed"
    }
  }
}
