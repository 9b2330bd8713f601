#if NIO || Hummingbird
  import EventSourceServer

  /// A handler at a path.
  struct Mount: Sendable {
    let handler: EventStreamHandler
    let pattern: PathPattern
  }

  extension [Mount] {
    /// Returns the first mount that serves a target, and the channels in its path.
    func first(for target: String) -> (handler: EventStreamHandler, channels: [String])? {
      guard let form = RequestTarget.originForm(of: target) else { return nil }
      let path = form.origin.prefix { $0 != "?" }
      for mount in self {
        guard let parameters = mount.pattern.match(path) else { continue }
        return (mount.handler, parameters["channel"].map { [$0] } ?? [])
      }
      return nil
    }
  }
#endif
