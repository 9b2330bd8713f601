public import EventSourceServer

/// Why event streams cannot be served from an event base.
public enum LibeventError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The system or libevent refused something, named here.
  case outOfResources(String)
  /// There is a callback for this path already.
  case pathInUse(String)
  /// This is no path at which anything can be mounted.
  case invalidPath(PathPatternError)
  /// evhttp compares paths as they are, so that nothing would ever match this one: it has named segments, a query or a
  /// fragment.
  case pathNeverMatches(String)
  /// The handler's configuration lets no request at this path name a channel.
  case invalidConfiguration(ConfigurationError)
  /// The handler belongs to another hub than the streams.
  case otherHub
  /// The streams were closed.
  case closed

  /// One line for a person.
  public var description: String {
    switch self {
    case .outOfResources(let what): "the event base cannot be used for event streams: \(what) failed"
    case .pathInUse(let path): "the evhttp server has a callback for \"\(path)\" already"
    case .invalidPath(let error): "\(error)"
    case .pathNeverMatches(let path):
      "evhttp never finds a callback for \"\(path)\"; serve paths with named segments from the general callback"
    case .invalidConfiguration(let error): "\(error)"
    case .otherHub: "the handler belongs to another hub than the streams"
    case .closed: "these event streams were closed"
    }
  }
}
