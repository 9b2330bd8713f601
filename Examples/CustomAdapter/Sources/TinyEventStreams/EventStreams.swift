public import EventSourceServer
public import TinyHTTP

/// Event streams in a ``TinyServer``. Create it on the server's thread or before the server runs. Use it on that
/// thread.
public final class EventStreams {
  /// Weak, because the server's handler of requests uses this object.
  private weak var server: TinyServer?
  private let lane: DeliveryLane
  private let start = ContinuousClock.now

  /// Creates a lane of the hub for the server.
  public init(_ server: TinyServer, hub: EventHub) {
    self.server = server
    lane = hub.makeLane { [weak server] in server?.wake() }
    server.beforePoll = { [lane, start] in
      let now = start.duration(to: .now)
      return lane.run(now: now).map { $0 - now }
    }
  }

  /// The number of open requests and streams.
  public var readerCount: Int { lane.readerCount }

  /// Responds to a request for an event stream, or rejects it.
  ///
  /// - Returns: `false` if the path is not the handler's. The request is then unchanged.
  public func serve(
    _ request: Request, on connection: Connection, with handler: EventStreamHandler, at pattern: PathPattern
  ) -> Bool {
    // Also accepts targets in absolute-form, and decodes the channel's name.
    guard let target = RequestTarget(request.target), let match = pattern.match(target.path) else { return false }
    let response = StreamResponse(to: request, on: connection)
    let session = handler.serve(
      StreamRequest(request), channels: match["channel"].map { [$0] } ?? [], response: response, on: lane)
    // A complete response has returned its connection.
    guard !response.hasEnded else { return true }
    connection.onDrained = { if response.takeWritableDebt() { session.becameWritable() } }
    connection.onClosed = { session.peerDisconnected() }
    return true
  }

  /// Ends the streams at random times within the window. New requests are rejected.
  public func drain(over window: Duration) { lane.drain(over: window) }

  /// Ends every stream immediately.
  public func close() {
    server?.beforePoll = { nil }
    lane.close()
  }
}
