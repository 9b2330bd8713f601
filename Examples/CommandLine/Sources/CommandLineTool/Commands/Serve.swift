import ArgumentParser
import EventSourceBuiltInServer
import EventSourceFormat
import EventSourceServer
import EventSourceZlib

/// A server whose channels everyone can read and publish to, for experiments and for testing clients.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves channels: streams of their events, and publishing to them by POST.",
    discussion: """
      GET /events/{channel} is a channel's stream. POST /publish/{channel} publishes the body, with the query items \
      type and id, and returns the event's ID. GET /stats returns statistics as JSON. Everyone who can reach the port \
      can use all of them. The address is printed when the port is open. Ctrl-C stops the server with status 0.
      """
  )

  @Option(help: "The address to listen on.") var host = "127.0.0.1"

  @Option(name: .shortAndLong, help: "The port; 0 lets the system choose.") var port = 8080

  @Option(
    name: [.customLong("channel")], help: ArgumentHelp("A channel (repeatable; default: news).", valueName: "name"),
    transform: Self.channel)
  var channels: [ChannelName] = []

  // Parsed in `validate()`, because the message of a parsing error would repeat the value, which may have a password.
  @Option(help: HistoryKind.help) var history = "memory"

  @Flag(help: "Send all retained events to readers without a last event ID.") var replay = false

  @Option(help: ArgumentHelp("The reconnection time that is sent to readers.", valueName: "seconds"))
  var reconnectionTime: Seconds?

  @Option(
    help: ArgumentHelp("An origin whose pages may read (repeatable); \"*\" allows all.", valueName: "origin"))
  var allowOrigin: [String] = []

  @Option(
    help: ArgumentHelp(
      "An additional request field that those pages may send (repeatable); \"*\" allows all.",
      valueName: "name"))
  var allowHeader: [String] = []

  @Flag(help: "Create other channels for their first reader or publisher.") var onDemand = false

  @Flag(help: "Compress streams for readers that accept gzip.") var gzip = false

  func validate() throws {
    _ = try HistoryKind(argument: history)
    guard (0...65_535).contains(port) else { throw ValidationError("--port is \(port); expected 0 to 65535.") }
    if allowOrigin.contains("*"), allowOrigin.count > 1 {
      throw ValidationError("--allow-origin \"*\" allows every origin, so do not name others.")
    }
    guard allowHeader.isEmpty || !allowOrigin.isEmpty else {
      throw ValidationError("--allow-header applies to pages of other origins; also use --allow-origin.")
    }
    do {
      try streamConfiguration.validate()
    } catch {
      throw ValidationError("\(error).")
    }
  }

  func run() async throws {
    var hubConfiguration = EventHub.Configuration()
    hubConfiguration.channelCreation = onDemand ? .onDemand : .explicit
    let past = try await HistoryKind(argument: history).open()
    hubConfiguration.repositoryProvider = { [repository = past.repository] _ in repository }
    let hub = EventHub(channels: channelNames, configuration: hubConfiguration)
    let server = makeServer(hub)
    let (signals, signaled) = AsyncStream<Int32>.makeStream()
    let interruptions = Interruptions { signaled.yield($0) }
    defer { withExtendedLifetime(interruptions) {} }
    let address: ListeningAddress
    do {
      address = try server.start()
    } catch {
      throw Failure(error)
    }
    var output = StandardOutput()
    try output.add("Listening on \(address.url)")
    try output.flush()
    for await _ in signals { break }
    complain("stopping")
    await server.stop(drainingOver: .milliseconds(500))
    await past.close()
  }

  private var channelNames: [ChannelName] { channels.isEmpty ? ["news"] : channels }

  private func makeServer(_ hub: EventHub) -> BuiltInServer {
    var configuration = BuiltInServer.Configuration()
    configuration.host = host
    configuration.port = port
    // Accepts everything that `publish` sends.
    configuration.maximumBodyBytes = Publish.maximumBytes
    let server = BuiltInServer(configuration: configuration)
    server.mount(EventStreamHandler(hub, configuration: streamConfiguration), at: "/events/{channel}")
    let names = channelNames.map(\.rawValue).joined(separator: ", ")
    server.route("POST", at: "/publish/{channel}") { await Self.publish($0, to: hub, names) }
    server.route("GET", at: "/stats") { _ in .json(Self.statistics(of: hub)) }
    return server
  }

  private var streamConfiguration: EventStreamHandler.Configuration {
    var streams = EventStreamHandler.Configuration()
    streams.replaysToNewReaders = replay
    if gzip { streams.compression = EventStreamCompression(ZlibCompressor()) }
    streams.reconnectionTime = reconnectionTime?.duration
    if !allowOrigin.isEmpty {
      streams.crossOrigin = CrossOriginPolicy(allowOrigin == ["*"] ? .any : .listed(Set(allowOrigin)))
      streams.crossOrigin.allowedFields += allowHeader
    }
    return streams
  }

  /// Publishes the request's body as an event. The query can set its `type` and its `id`.
  private static func publish(_ request: BuiltInRequest, to hub: EventHub, _ names: String) async -> BuiltInResponse {
    guard let data = String(validating: request.body, as: UTF8.self) else {
      return .text("the body is not UTF-8\n", status: 400)
    }
    do {
      let event = ServerSentEvent(
        data: data,
        type: try request.queryItem("type").map { try EventType($0) },
        id: try request.queryItem("id").map { try EventID($0) }
      )
      let name = try ChannelName(request.pathParameters["channel"] ?? "")
      return .text("\(try await hub.publish(event, to: name, waitingUntil: .stored))\n", status: 202)
    } catch PublishError.unknownChannel(let name) {
      return .text("there is no channel \"\(name)\"; the channels are: \(names)\n", status: 404)
    } catch let error as PublishError {
      return .text("\(error)\n", status: status(of: error))
    } catch let error as EventStreamFormatError {
      return .text("\(error)\n", status: 400)
    } catch let error as ChannelNameError {
      return .text("\(error)\n", status: 400)
    } catch {
      // The error names the file, which only the operator should see.
      complain("an event was not recorded: \(error)")
      return .text("the history cannot record the event at the moment; try again later\n", status: 503)
    }
  }

  private static func status(of error: PublishError) -> Int {
    switch error {
    case .unknownChannel, .channelRemoved: 404
    case .eventTooLarge: 413
    case .unusableID, .generatedID: 400
    case .tooManyChannels, .closed, .recordingBacklog, .outcomeUnknown: 503
    case .recordingChannel, .wrongRecording: 500
    }
  }

  private static func statistics(of hub: EventHub) -> String {
    let statistics = hub.statistics
    let ended = statistics.streamsEnded.map { "\"\($0.key.rawValue)\":\($0.value)" }.sorted().joined(separator: ",")
    return """
      {"readers":\(statistics.readers),"channels":\(statistics.channels),"published":\(statistics.eventsPublished),\
      "delivered":\(statistics.eventsDelivered),"sentBytes":\(statistics.sentBytes),\
      "retainedBytes":\(statistics.retainedBytes),\
      "dropped":\(statistics.streamsDropped),"gaps":\(statistics.gaps),\
      "refused":\(statistics.requestsRejected),"ended":{\(ended)}}

      """
  }

  private static func channel(_ text: String) throws -> ChannelName {
    do {
      return try ChannelName(text)
    } catch {
      throw ValidationError("\(error).")
    }
  }
}

extension Failure {
  /// Creates the failure for a server that did not start.
  init(_ error: BuiltInServerError) {
    let status: Status =
      switch error {
      case .invalidConfiguration, .addressNotAvailable: .usage
      case .portNotPermitted: .noPermission
      case .portInUse, .unixSocketInUse, .cannotListen, .alreadyRunning, .system: .unavailable
      }
    self.init(status, "\(error)")
  }
}
