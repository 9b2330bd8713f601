import CLibevent
public import EventSourceServer

/// The event streams of one hub in the evhttp servers of one event base.
///
/// Make one for each base, on the base's thread, and mount handlers at paths of its servers, beside the program's own
/// callbacks; publish from anywhere. The base's loop, its threads and the other routes stay what they are. Everything
/// here is called on the base's thread, also ``close()``, which comes before the base is freed; an `evhttp` may be
/// freed at any time, which ends the streams of its connections.
public final class EvhttpEventStreams {
  /// Whose channels are read.
  public let hub: EventHub

  private let loop: LibeventLoop
  private var mounts: [EvhttpMount] = []
  private var isClosed = false

  /// Makes the lane of a base.
  ///
  /// - Throws: ``LibeventError/outOfResources(_:)``.
  public init(base: OpaquePointer, hub: EventHub) throws(LibeventError) {
    self.hub = hub
    loop = try LibeventLoop(base: base, hub: hub)
  }

  /// Closes what was not closed. Released on the base's thread, before the base is freed, like everything here is used.
  deinit {
    close()
    EvhttpMount.keepForEver(mounts)
  }

  /// Mounts a handler at a path, which is one without named segments, by a callback for just that path.
  ///
  /// For OPTIONS, let the server take it (`evhttp_set_allowed_methods`), which evhttp answers 501 otherwise. For paths
  /// with named segments call ``serve(_:with:at:)`` from the program's own general callback.
  ///
  /// - Throws: ``LibeventError``; nothing was mounted then.
  public func mount(_ handler: EventStreamHandler, on http: OpaquePointer, at path: String) throws(LibeventError) {
    guard !isClosed else { throw .closed }
    guard handler.hub === hub else { throw .otherHub }
    let pattern: PathPattern
    do {
      pattern = try PathPattern(path)
    } catch {
      throw .invalidPath(error)
    }
    guard !path.utf8.contains(where: { "{}?#".utf8.contains($0) }) else { throw .pathNeverMatches(path) }
    do {
      try handler.configuration.validate(mountedAt: pattern)
    } catch {
      throw .invalidConfiguration(error)
    }
    let mount = EvhttpMount(handler, on: http, at: path, of: self)
    switch mount.setCallback() {
    case 0: mounts.append(mount)
    case -1: throw .pathInUse(path)
    default: throw .outOfResources("evhttp_set_cb")
    }
  }

  /// Serves a request if its path matches. Call it from a callback of your own.
  ///
  /// - Parameters:
  ///   - request: The `struct evhttp_request *`.
  ///   - handler: Serves the request.
  ///   - pattern: The path. The value of a segment named `channel` is the channel that is read.
  /// - Returns: `false` if the path does not match. The request is then untouched.
  public func serve(
    _ request: OpaquePointer, with handler: EventStreamHandler, at pattern: PathPattern
  ) -> Bool {
    guard let form = evhttp_request_get_uri(request).flatMap({ RequestTarget.originForm(of: String(cString: $0)) }),
      let parameters = pattern.match(form.origin.prefix { $0 != "?" })
    else { return false }
    serve(request, with: handler, channels: parameters["channel"].map { [$0] } ?? [])
    return true
  }

  /// Serves a request, whatever its path.
  ///
  /// - Parameters:
  ///   - request: The `struct evhttp_request *`.
  ///   - handler: Serves the request.
  ///   - channels: The channels to read, in addition to those of the handler's configuration.
  public func serve(_ request: OpaquePointer, with handler: EventStreamHandler, channels: [String]) {
    precondition(handler.hub === hub, "the handler belongs to another hub")
    answer(request) { handler.serve($0, channels: channels, response: $1, on: $2) }
  }

  /// Has a request served on the base's lane.
  func answer(
    _ request: OpaquePointer,
    by serve: (any EventStreamRequest, any EventStreamResponse, DeliveryLane) -> EventStreamSession
  ) {
    guard !isClosed, let response = EvhttpResponse(request, loop: loop) else {
      return evhttp_send_error(request, 503, nil)
    }
    let session = serve(EvhttpRequest(request), response, loop.lane)
    if !session.isFinished {
      response.session = session
      response.watchForClosing()
    }
    loop.runSoon()
  }

  /// The number of open streams and requests, including those whose end is still being sent. When it is 0 after a
  /// drain, the server can be freed without interrupting a response.
  public var readerCount: Int { loop.lane.readerCount + loop.unfinished }

  /// Ends the streams at random moments within a time, each with what is published and a `retry`, and refuses new ones
  /// with 503.
  ///
  /// - Parameters:
  ///   - window: The time; a negative one is none.
  ///   - drained: Called once, on the base's thread, when ``readerCount`` is 0: nothing is cut off by freeing
  ///     the server now, and it may do so itself. Not called if the streams are closed or drained anew before.
  public func drain(over window: Duration, then drained: (() -> Void)? = nil) {
    loop.lane.drain(over: min(max(window, .zero), .seconds(1 << 32)))
    loop.drained = drained
    loop.runSoon()
  }

  /// Takes the handlers away from a server's paths; their open streams go on. For a server that is still there.
  public func unmount(from http: OpaquePointer) {
    for mount in mounts where mount.http == http { mount.removeCallback() }
    mounts.removeAll { $0.http == http }
  }

  /// Ends every stream at once and gives back what the base was given.
  ///
  /// A server that lives on refuses the mounted paths with 503 from now on, until they are unmounted by
  /// ``unmount(from:)``.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    loop.close()
  }
}
