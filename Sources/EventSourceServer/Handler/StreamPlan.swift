internal import EventSourceFormat

/// What a well-formed request asks for.
struct StreamPlan {
  let request: any EventStreamRequest
  let channels: [ChannelName]
  let lastEventID: String?
  var isHead: Bool { request.method == "HEAD" }

  /// Reads a request; throws the refusal of one that is not well-formed. OPTIONS is not for here.
  init(
    _ request: any EventStreamRequest, routeChannels: [String], _ configuration: EventStreamHandler.Configuration
  ) throws(EventStreamRefusal) {
    guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed(request.method) }
    guard let target = RequestTarget(request.target) else { throw .bad("the request target is ill-formed") }
    guard AcceptField.admitsEventStream(request.fields.values(of: "Accept")) else { throw .notAcceptable }
    self.request = request
    channels = try Self.channels(target, routeChannels, configuration)
    lastEventID = try Self.lastEventID(request, target, configuration)
  }

  private static func channels(
    _ target: RequestTarget, _ routeChannels: [String], _ configuration: EventStreamHandler.Configuration
  ) throws(EventStreamRefusal) -> [ChannelName] {
    var channels = configuration.channels
    for text in routeChannels + (configuration.channelQueryName.map(target.values) ?? []) {
      let name: ChannelName
      do {
        name = try ChannelName(text)
      } catch {
        throw .bad("\(error)")
      }
      if !channels.contains(name) { channels.append(name) }
      guard channels.count <= configuration.maximumChannelsPerStream else {
        throw .bad("a stream has at most \(configuration.maximumChannelsPerStream) channels")
      }
    }
    guard !channels.isEmpty else { throw .bad("the request names no channel") }
    return channels
  }

  /// The field if it is there and not empty (WHATWG HTML 9.2.4), else the query.
  private static func lastEventID(
    _ request: any EventStreamRequest, _ target: RequestTarget, _ configuration: EventStreamHandler.Configuration
  ) throws(EventStreamRefusal) -> String? {
    let candidates =
      request.fields.values(of: "Last-Event-ID") + configuration.lastEventIDQueryNames.flatMap(target.values)
    guard let id = candidates.first(where: { !$0.isEmpty }) else { return nil }
    guard id.utf8.count <= configuration.maximumLastEventIDBytes else {
      throw .bad("the last event ID has \(id.utf8.count) bytes; \(configuration.maximumLastEventIDBytes) are allowed")
    }
    guard (try? EventID(id)) != nil else { throw .bad("the last event ID has a line break or a NUL") }
    return id
  }
}

extension EventStreamRefusal: Error {}
