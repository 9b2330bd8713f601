import EventSourceRedis
import EventSourceServer
import EventSourceZlib
import Glibc

/// A server for measurements. See ``Options/usage``.
@main
struct BenchServer {
  static func main() async throws {
    guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
      let usage = Options.usage + "\n"
      _ = write(STDERR_FILENO, usage, usage.utf8.count)
      exit(64)
    }
    signal(SIGPIPE, SIG_IGN)
    var configuration = EventHub.Configuration()
    configuration.channelCreation = .onDemand
    configuration.maximumChannels = 1_000_000
    configuration.maximumReaders = 1_000_000
    configuration.retention.maximumBytes = options.historyBytes
    configuration.memoryLimit = max(4 * options.historyBytes, 2 << 30)
    // A compressor for each of many readers takes more than the logs.
    if options.gzip == .each { configuration.memoryLimit = 64 << 30 }
    if let url = options.redis {
      var settings = RedisEventRepository.Configuration()
      settings.retention.maximumEvents = nil
      let repository = try await RedisEventRepository([RedisServer(url: url)], configuration: settings)
      configuration.repositoryProvider = { _ in repository }
    }
    let hub = EventHub(configuration: configuration)
    let handlers = Handlers(hub, options)
    let publisher = Publisher(hub, isShared: options.redis != nil)
    switch options.stack {
    case .builtin: try BuiltInStack(options: options, handlers: handlers, publisher: publisher).run()
    case .evhttp: try EvhttpStack(options: options, handlers: handlers, publisher: publisher).run()
    #if Stacks
      case .nio, .nioHTTP2: try await NIOStack(options: options, handlers: handlers, publisher: publisher).run()
      case .hummingbird: try await HummingbirdStack(options: options, handlers: handlers, publisher: publisher).run()
    #else
      case .nio, .nioHTTP2, .hummingbird: fatalError("bench-server: built without the trait Stacks")
    #endif
    }
  }
}

/// The endpoints.
struct Handlers: Sendable {
  /// Serves the channel that most measurements use.
  let all: EventStreamHandler
  /// Serves the channel in the path.
  let named: EventStreamHandler
  /// Serves a channel without events. Its stream shows how punctual the lane's own deadlines are.
  let heartbeats: EventStreamHandler

  init(_ hub: EventHub, _ options: Options) {
    var configuration = EventStreamHandler.Configuration()
    if options.gzip != .off, let compressor = try? ZlibCompressor(level: options.level) {
      configuration.compression = EventStreamCompression(
        compressor, sharing: options.gzip == .each ? .perStream : .perChannel)
    }
    // The load generator names the other channels of a stream in its query.
    configuration.addsChannelsFromQuery = true
    named = EventStreamHandler(hub, configuration: configuration)
    configuration.channels = ["0"]
    all = EventStreamHandler(hub, configuration: configuration)
    configuration.channels = ["quiet"]
    configuration.heartbeatInterval = .milliseconds(10)
    heartbeats = EventStreamHandler(hub, configuration: configuration)
  }
}
