import Synchronization

internal import EventSourceFormat

extension EventStreamHandler {
  /// Returns the channel with a name: a run of the endpoint's collection, or a channel of the hub.
  func findChannel(_ name: ChannelName) throws(PublishError) -> EventChannel {
    guard let runs else { return try hub.findChannel(name) }
    guard hub.admissions.phase != .closed else { throw .closed }
    guard let channel = runs.channel(named: name) else { throw .unknownChannel(name) }
    return channel
  }
}

extension RunStore {
  func channel(named name: ChannelName) -> EventChannel? { id(in: name).flatMap(channel) }
}

extension StreamPlan {
  /// Parses a request whose response is a run's stream, whatever its method.
  convenience init(
    _ request: any EventStreamRequest, run: ChannelName, _ configuration: RunCollection.Configuration
  ) throws(EventStreamRejection) {
    guard let target = RequestTarget(request.target) else { throw .bad("the request target is ill-formed") }
    var isJSONLines = false
    if !AcceptField.admitsEventStream(request.fields.values(of: "Accept")) {
      switch configuration.withoutEventStreams {
      case .jsonLines: isJSONLines = true
      case .rejected: throw .notAcceptable
      case .eventStream: break
      }
    }
    let lastEventID = Self.lastEventID(request, target, configuration.streams)
    self.init(request, [run], lastEventID: lastEventID, isJSONLines: isJSONLines)
  }
}

extension RunCollection {
  func makeExchange(
    _ request: any EventStreamRequest, _ response: any EventStreamResponse, _ lane: DeliveryLane
  ) -> EventStreamSession {
    precondition(lane.hub === hub, "the lane belongs to another hub than the runs")
    let session = EventStreamSession(lane: lane, handler: handler, response: response, phase: .closed)
    session.crossOriginFields = handler.configuration.crossOrigin.fields(for: request)
    return session
  }

  /// Admits the request with a phase, which begins in the lane's next run, or rejects it.
  func admit(
    _ session: EventStreamSession, _ request: any EventStreamRequest, on lane: DeliveryLane,
    _ phase: () throws(EventStreamRejection) -> EventStreamSession.Phase
  ) -> EventStreamSession {
    do {
      session.phase = try phase()
      try lane.admit(session)
      return session
    } catch {
      session.phase = .closed
      return lane.reject(error, request, session.crossOriginFields, session.response, session)
    }
  }
}

extension Run {
  /// Responds to a request with the run's stream, whatever the request's method: with the rest of the run after the
  /// request's last event ID, or with the complete run. The collection's authorizer is not asked, so the application
  /// decides whether the caller may read the run.
  ///
  /// - Parameters:
  ///   - request: The request, whose body the stack has read.
  ///   - fields: Fields to add to the head of the stream, such as `Location`.
  ///   - response: The response to write to.
  ///   - lane: The calling thread's lane, of the collection's hub.
  /// - Returns: The session that the stack drives during the connection's life. It may already be finished.
  public func serve(
    _ request: any EventStreamRequest, adding fields: [HeaderField] = [], response: any EventStreamResponse,
    on lane: DeliveryLane
  ) -> EventStreamSession {
    let session = collection.makeExchange(request, response, lane)
    // The application's fields replace those of the collection's cross-origin policy.
    session.crossOriginFields =
      fields
      + session.crossOriginFields.filter { own in !fields.contains { equalsIgnoringASCIICase($0.name, own.name) } }
    return collection.admit(session, request, on: lane) { () throws(EventStreamRejection) in
      let plan = try StreamPlan(request, run: channelName, collection.configuration)
      return .answering(PendingAnswer(ready: .stream(plan, ChannelGrant(), fields: [])))
    }
  }
}
