public import EventSourceServer
public import TinyHTTP

/// Event streams in a ``TinyServer``. Made on the server's thread or before it runs; used on that thread.
public final class EventStreams {
  private let server: TinyServer
  private let lane: DeliveryLane
  private let start = ContinuousClock.now

  /// Gives the server a lane of the hub.
  public init(_ server: TinyServer, hub: EventHub) {
    self.server = server
    lane = hub.makeLane { [weak server] in server?.wake() }
    server.beforePoll = { [lane, start] in
      let now = start.duration(to: .now)
      return lane.run(now: now).map { $0 - now }
    }
  }

  /// How many requests and streams are open.
  public var readerCount: Int { lane.readerCount }

  /// Answers a request for an event stream, or refuses it.
  ///
  /// - Returns: Whether the path is the handler's; if not, nothing has been done.
  public func serve(
    _ request: Request, on connection: Connection, with handler: EventStreamHandler, at pattern: PathPattern
  ) -> Bool {
    // Takes targets in absolute-form, too, and decodes the channel's name.
    guard let target = RequestTarget(request.target), let match = pattern.match(target.path) else { return false }
    let response = StreamResponse(to: request, on: connection)
    let exchange = handler.serve(
      StreamRequest(request), channels: match["channel"].map { [$0] } ?? [], response: response, on: lane)
    // A response that is complete has given its connection back.
    guard !response.hasEnded else { return true }
    connection.onDrained = { if response.takeWritableDebt() { exchange.becameWritable() } }
    connection.onClosed = { exchange.peerGone() }
    return true
  }

  /// Ends the streams at random moments within the window; new requests are refused.
  public func drain(over window: Duration) { lane.drain(over: window) }

  /// Ends every stream at once.
  public func close() {
    server.beforePoll = { nil }
    lane.close()
  }
}
