internal import EventSourceFormat

/// An endpoint for event streams, which you mount in an HTTP server.
///
/// A handler is immutable and can be mounted any number of times. A ``hub`` may have several handlers with different
/// configurations.
public final class EventStreamHandler: Sendable {
  /// The hub whose channels are read.
  public let hub: EventHub
  /// The behavior of the streams.
  public let configuration: Configuration

  let authorizer: (any ChannelAuthorizer)?
  /// The runs to read instead of the hub's channels.
  let runs: RunStore?
  // The configuration's durations in the lanes' unit.
  let heartbeatInterval: Int64?
  let stallTimeout: Int64
  let coalescingWindow: Int64
  /// The opening bytes of every stream, if they are the same for all.
  let opening: EventStreamBytes?
  /// The head of every stream without additional fields. Created once, because every field is checked.
  let streamHead: EventStreamResponseHead

  /// Creates an endpoint.
  ///
  /// - Parameters:
  ///   - hub: The hub whose channels are read.
  ///   - configuration: The behavior of the streams. Traps if it is invalid, so call ``Configuration/validate()`` first
  ///     on one that comes from user input.
  ///   - authorizer: Decides who may read which channels. `nil` lets everyone read all channels.
  public convenience init(
    _ hub: EventHub, configuration: Configuration = Configuration(), authorizer: (any ChannelAuthorizer)? = nil
  ) {
    self.init(hub, configuration: configuration, authorizer: authorizer, runs: nil)
  }

  init(_ hub: EventHub, configuration: Configuration, authorizer: (any ChannelAuthorizer)?, runs: RunStore?) {
    do {
      try configuration.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    self.hub = hub
    self.configuration = configuration
    self.authorizer = authorizer
    self.runs = runs
    heartbeatInterval = configuration.heartbeatInterval?.nanoseconds
    stallTimeout = configuration.stallTimeout.nanoseconds
    opening = configuration.reconnectionTime == nil ? Self.comment(configuration, hub) : nil
    coalescingWindow = configuration.coalescingWindow?.nanoseconds ?? 0
    streamHead = Self.streamHead(adding: [], configuration, body: .stream)
  }

  /// Returns the head of a stream with additional fields, another content type or another body.
  func streamHead(
    adding fields: [HeaderField], isJSONLines: Bool, body: EventStreamResponseHead.Body
  ) -> EventStreamResponseHead {
    Self.streamHead(adding: fields, configuration, isJSONLines: isJSONLines, body: body)
  }

  private static func streamHead(
    adding fields: [HeaderField], _ configuration: Configuration, isJSONLines: Bool = false,
    body: EventStreamResponseHead.Body
  ) -> EventStreamResponseHead {
    EventStreamResponseHead(
      status: 200,
      fields: [
        HeaderField("Content-Type", isJSONLines ? "application/jsonl" : "text/event-stream; charset=utf-8"),
        HeaderField("Cache-Control", "no-cache, no-transform"),
        // Without this, nginx would hold the events back until its buffer is full.
        HeaderField("X-Accel-Buffering", "no"),
      ] + (configuration.compression == nil ? [] : [HeaderField("Vary", "Accept-Encoding")])
        + fields + configuration.fields,
      body: body
    )
  }

  private static func comment(_ configuration: Configuration, _ hub: EventHub) -> EventStreamBytes? {
    var bytes: [UInt8] = []
    // This cannot fail: the comment was validated with the configuration.
    if let comment = configuration.openingComment { try? EventStreamEncoder.encode(comment: comment, into: &bytes) }
    return LogSegment.standalone(bytes, budget: hub.budget)
  }

  /// Handles a request. Rejects it immediately, or opens a stream in the lane's next run.
  ///
  /// - Parameters:
  ///   - request: The request. The stack discards its body, if any.
  ///   - channels: The channels named by the route, decoded. The handler validates them.
  ///   - response: The response to write to.
  ///   - lane: The calling thread's lane, of this handler's hub.
  /// - Returns: The session that the stack drives during the connection's life. It may already be finished.
  public func serve(
    _ request: any EventStreamRequest, channels: [String] = [], response: any EventStreamResponse,
    on lane: DeliveryLane
  ) -> EventStreamSession {
    precondition(lane.hub === hub, "the lane belongs to another hub than the handler")
    let crossOriginFields = configuration.crossOrigin.fields(for: request)
    func makeExchange(_ phase: EventStreamSession.Phase) -> EventStreamSession {
      let session = EventStreamSession(lane: lane, handler: self, response: response, phase: phase)
      session.crossOriginFields = crossOriginFields
      return session
    }
    if request.method == "OPTIONS" {
      response.start(configuration.crossOrigin.preflight(for: request))
      return makeExchange(.closed)
    }
    do {
      let session = makeExchange(.arrived(try StreamPlan(request, routeChannels: channels, configuration)))
      try lane.admit(session)
      return session
    } catch {
      return lane.reject(error, request, crossOriginFields, response, makeExchange(.closed))
    }
  }
}
