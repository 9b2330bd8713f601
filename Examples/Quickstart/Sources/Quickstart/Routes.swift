import EventSourceBuiltInServer
import EventSourceFormat
import EventSourceServer

func makeServer(hub: EventHub, _ options: Options) -> BuiltInServer {
  var configuration = BuiltInServer.Configuration()
  configuration.host = options.host
  configuration.port = options.port
  configuration.maximumConnections = 18_000
  configuration.maximumBodyBytes = 64 * 1024
  let server = BuiltInServer(configuration: configuration)

  // The streams. Who comes without a last event ID gets the recent past as well.
  var streams = EventStreamHandler.Configuration()
  streams.replaysToNewReaders = true
  server.mount(EventStreamHandler(hub, configuration: streams), at: "/events/{channel}")

  server.route("GET", at: "/") { _ in asset(page, "text/html") }
  server.route("GET", at: "/page.css") { _ in asset(pageStyle, "text/css") }
  server.route("GET", at: "/page.js") { _ in asset(pageScript, "text/javascript") }
  server.route("GET", at: "/stats") { _ in .json(statistics(of: hub)) }
  server.route("POST", at: "/publish/{channel}") { request in publish(request, to: hub) }
  return server
}

/// A part of the page. Whatever somebody may post, the browser runs nothing and loads nothing but these parts.
private func asset(_ text: String, _ type: String) -> BuiltInResponse {
  BuiltInResponse(
    fields: [
      HeaderField("Content-Type", "\(type); charset=utf-8"),
      HeaderField("Content-Security-Policy", "default-src 'self'; img-src data:; base-uri 'none'"),
      HeaderField("X-Content-Type-Options", "nosniff"),
      HeaderField("Cache-Control", "no-cache"),
    ],
    body: Array(text.utf8)
  )
}

/// The body is the event's data; the query may name its `type` and its `id`.
private func publish(_ request: BuiltInRequest, to hub: EventHub) -> BuiltInResponse {
  guard let data = String(validating: request.body, as: UTF8.self) else {
    return .text("the body is not UTF-8\n", status: 400)
  }
  do {
    let event = ServerSentEvent(
      data: data,
      type: try request.queryItem("type").map { try EventType($0) },
      id: try request.queryItem("id").map { try EventID($0) }
    )
    let id = try hub.publish(event, to: ChannelName(request.pathParameters["channel"] ?? ""))
    return .text("\(id)\n", status: 202)
  } catch PublishError.unknownChannel(let name) {
    return .text("there is no channel \"\(name)\"; there are machine and wall\n", status: 404)
  } catch {
    return .text("\(error)\n", status: 400)
  }
}

private func statistics(of hub: EventHub) -> String {
  let statistics = hub.statistics
  let ended = statistics.streamsEnded.map { "\"\($0.key.rawValue)\":\($0.value)" }.sorted().joined(separator: ",")
  return """
    {"readers":\(statistics.readers),"channels":\(statistics.channels),"published":\(statistics.eventsPublished),\
    "delivered":\(statistics.eventsDelivered),"sentBytes":\(statistics.sentBytes),"retainedBytes":\(statistics.retainedBytes),\
    "dropped":\(statistics.streamsDropped),"gaps":\(statistics.gaps),"refused":\(statistics.requestsRejected),"ended":{\(ended)}}

    """
}
