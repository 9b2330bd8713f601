#if NIO || Hummingbird
  import EventSourceServer

  /// A handler at a path.
  enum Mount: Sendable {
    case streams(EventStreamHandler, at: PathPattern)
    case runs(RunHandler, at: PathPattern, maximumBodyBytes: Int)

    /// The handler that a path selects, and the path's parameters.
    enum Destination {
      case streams(EventStreamHandler, channels: [String])
      case runs(RunHandler, run: String?, maximumBodyBytes: Int)
    }

    private func destination(of path: Substring) -> Destination? {
      switch self {
      case .streams(let handler, let pattern):
        guard let parameters = pattern.match(path) else { return nil }
        return .streams(handler, channels: parameters["channel"].map { [$0] } ?? [])
      case .runs(let handler, let pattern, let maximumBodyBytes):
        if pattern.match(path) != nil { return .runs(handler, run: nil, maximumBodyBytes: maximumBodyBytes) }
        guard let slash = path.lastIndex(of: "/"), pattern.match(path[..<slash]) != nil,
          let id = PathPattern("/{run}").match(path[slash...])?["run"]
        else { return nil }
        return .runs(handler, run: id, maximumBodyBytes: maximumBodyBytes)
      }
    }

    /// Returns the destination of the first mount that serves a request target.
    static func destination(of target: String, in mounts: [Mount]) -> Destination? {
      guard let form = RequestTarget.originForm(of: target) else { return nil }
      let path = form.origin.prefix { $0 != "?" }
      for mount in mounts {
        if let destination = mount.destination(of: path) { return destination }
      }
      return nil
    }
  }
#endif
