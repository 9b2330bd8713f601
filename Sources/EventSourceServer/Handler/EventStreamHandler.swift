internal import EventSourceFormat

/// An endpoint for event streams, to be mounted in an HTTP server.
///
/// A handler is immutable and can be mounted anywhere any number of times; its ``hub`` may have several, each with
/// rules of its own.
public final class EventStreamHandler: Sendable {
  /// Whose channels are read here.
  public let hub: EventHub
  /// How the streams behave.
  public let configuration: Configuration

  let authorizer: (any ChannelAuthorizer)?
  // The configuration's durations in the lanes' unit.
  let heartbeatInterval: Int64?
  let stallTimeout: Int64
  let coalescingWindow: Int64
  /// What every stream begins with, if it is the same for all.
  let opening: EventStreamBytes?

  /// Makes an endpoint.
  ///
  /// - Parameters:
  ///   - hub: Whose channels are read.
  ///   - configuration: How the streams behave; an invalid one is a mistake of the programmer and stops the program, so
  ///     call ``Configuration/validate()`` first on one that a person has written.
  ///   - authorizer: Who may read which channels; nil: everyone may read all.
  public init(
    _ hub: EventHub, configuration: Configuration = Configuration(), authorizer: (any ChannelAuthorizer)? = nil
  ) {
    do {
      try configuration.validate()
    } catch {
      preconditionFailure("\(error)")
    }
    self.hub = hub
    self.configuration = configuration
    self.authorizer = authorizer
    heartbeatInterval = configuration.heartbeatInterval?.nanoseconds
    stallTimeout = configuration.stallTimeout.nanoseconds
    opening = configuration.reconnectionTime == nil ? Self.comment(configuration, hub) : nil
    coalescingWindow = configuration.coalescingWindow?.nanoseconds ?? 0
  }

  private static func comment(_ configuration: Configuration, _ hub: EventHub) -> EventStreamBytes? {
    var bytes: [UInt8] = []
    // It cannot fail: the comment was checked with the configuration.
    if let comment = configuration.openingComment { try? EventStreamEncoder.append(comment: comment, to: &bytes) }
    return LogSegment.standalone(bytes, budget: hub.budget)
  }

  /// Takes a request: answers it at once if it is not for a stream that can be opened, else opens the stream from
  /// within the lane's next run, which the stack sees to.
  ///
  /// - Parameters:
  ///   - request: The request. It needs no body; the stack discards one.
  ///   - channels: Channels named by the route, decoded; what is in them is checked here.
  ///   - response: Where to write.
  ///   - lane: The lane of the calling thread, of this handler's hub.
  /// - Returns: What the stack drives while the connection lives. It may be finished already.
  public func serve(
    _ request: any EventStreamRequest, channels: [String] = [], response: any EventStreamResponse,
    on lane: DeliveryLane
  ) -> EventStreamExchange {
    precondition(lane.hub === hub, "the lane belongs to another hub than the handler")
    let crossOriginFields = configuration.crossOrigin.fields(for: request)
    func makeExchange(_ phase: EventStreamExchange.Phase) -> EventStreamExchange {
      let exchange = EventStreamExchange(lane: lane, handler: self, response: response, phase: phase)
      exchange.crossOriginFields = crossOriginFields
      return exchange
    }
    if request.method == "OPTIONS" {
      response.start(configuration.crossOrigin.preflight(for: request))
      return makeExchange(.closed)
    }
    do {
      let exchange = makeExchange(.arrived(try StreamPlan(request, routeChannels: channels, configuration)))
      try lane.admit(exchange)
      return exchange
    } catch {
      return lane.refuse(error, request, crossOriginFields, response, makeExchange(.closed))
    }
  }
}
