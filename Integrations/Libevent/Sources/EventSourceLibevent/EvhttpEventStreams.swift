import CLibevent
public import EventSourceServer

/// The event streams of one hub in the evhttp servers of one event base.
///
/// Create one per base, on the base's thread, and mount handlers at paths of its servers, alongside the program's own
/// callbacks. Publish from any thread. The base's loop, its threads and the other routes stay unchanged. Call
/// everything here on the base's thread. Call ``close()`` before you free the base. You can free an `evhttp` at any
/// time, which ends the streams of its connections.
public final class EvhttpEventStreams {
  /// The hub whose channels the streams read.
  public let hub: EventHub

  private let loop: LibeventLoop
  private var mounts: [EvhttpMount] = []
  private var isClosed = false

  /// Creates the streams of an event base.
  ///
  /// - Throws: ``LibeventError/outOfResources(_:)``.
  public init(base: OpaquePointer, hub: EventHub) throws(LibeventError) {
    self.hub = hub
    loop = try LibeventLoop(base: base, hub: hub)
  }

  /// Closes the streams if needed. Must run on the base's thread, before the base is freed.
  deinit {
    close()
    EvhttpMount.keepForEver(mounts)
  }

  /// Mounts a handler at a path without named segments, by setting an evhttp callback for that path.
  ///
  /// evhttp responds to OPTIONS with 501 unless you allow the method (`evhttp_set_allowed_methods`). For paths with
  /// named segments, call ``serve(_:with:at:)-(_,EventStreamHandler,_)`` from the program's general callback.
  ///
  /// - Throws: ``LibeventError``. If this throws, nothing was mounted.
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
  ///   - handler: The handler that serves the request.
  ///   - pattern: The path. A segment named `channel` names the channel to read.
  /// - Returns: `false` if the path does not match. The request is then unchanged.
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

  /// Ends the streams at random times within a window. Each stream first sends everything published, then a `retry`.
  /// New requests get 503.
  ///
  /// - Parameters:
  ///   - window: The length of the window. A negative window counts as zero.
  ///   - drained: Called once, on the base's thread, when ``readerCount`` reaches 0. The server can then be freed
  ///     without interrupting a response, and the closure itself may do so. Not called if the streams are closed or
  ///     drained again before that.
  public func drain(over window: Duration, then drained: (() -> Void)? = nil) {
    loop.lane.drain(over: min(max(window, .zero), .seconds(1 << 32)))
    loop.drained = drained
    loop.runSoon()
  }

  /// Removes the mounted paths from a server, which must still exist. Open streams continue.
  public func unmount(from http: OpaquePointer) {
    for mount in mounts where mount.http == http { mount.removeCallback() }
    mounts.removeAll { $0.http == http }
  }

  /// Ends every stream immediately and removes the events from the base.
  ///
  /// A server that continues to run responds with 503 at the mounted paths until you call ``unmount(from:)``.
  public func close() {
    guard !isClosed else { return }
    isClosed = true
    loop.close()
  }
}
