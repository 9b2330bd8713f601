import ArgumentParser
import Dispatch
import EventSourceBuiltInServer
import EventSourceSQLite
import EventSourceServer
import Foundation

/// A server of channels that are made when they are first named.
struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serves event streams: GET /events/CHANNEL, POST /publish/CHANNEL, GET /stats.",
    discussion: "Ctrl-C ends each stream with what is published, and then the program.")

  /// Where events are kept that readers may have missed.
  enum History: ExpressibleByArgument {
    case memory
    case sqlite(path: String)

    init?(argument: String) {
      if argument == "memory" {
        self = .memory
      } else if argument.hasPrefix("sqlite:"), argument.utf8.count > "sqlite:".utf8.count {
        self = .sqlite(path: String(argument.dropFirst("sqlite:".count)))
      } else {
        return nil
      }
    }
  }

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(name: .shortAndLong, help: "The port; 0: one that is free.")
  var port: UInt16 = 8080

  @Option(help: "Where events are kept: memory, or sqlite:PATH, with --channel for those that are recorded.")
  var history = History.memory

  @Option(help: "A channel that is recorded in the history. May be repeated.")
  var channel: [String] = []

  func run() async throws {
    var configuration = EventHub.Configuration()
    configuration.channelCreation = .onDemand
    let hub = EventHub(configuration: configuration)
    var repository: SQLiteEventRepository?
    if case .sqlite(let path) = history {
      do {
        let opened = try SQLiteEventRepository(path: path)
        repository = opened
        for name in channel { hub.register(opened, for: try ChannelName(name)) }
      } catch {
        throw Failure.exit(Failure.inputOutput, "\(error)")
      }
    }
    var listening = BuiltInServer.Configuration()
    listening.host = host
    listening.port = Int(port)
    let server = BuiltInServer(configuration: listening)
    server.mount(EventStreamHandler(hub), at: "/events/{channel}")
    server.route("POST", "/publish/{channel}") { request in
      do {
        let name = try ChannelName(request.pathParameters["channel"] ?? "")
        return .text("\(try await hub.publish(request.text, to: name, awaiting: .published))\n", status: 202)
      } catch let error as ChannelNameError {
        return .text("\(error)\n", status: 400)
      } catch let error as PublishError {
        return .text("\(error)\n", status: 413)
      }
    }
    server.route("GET", "/stats") { _ in .text(Self.text(hub.statistics)) }
    do {
      FileHandle.standardError.write(Data("eventsource: listening on \(try server.start().url)\n".utf8))
    } catch {
      throw Failure.exit(Failure.unavailable, "\(error)")
    }
    await Self.interruption()
    await server.stop(draining: .milliseconds(500))
    await repository?.close()
  }

  private static func text(_ now: HubStatistics) -> String {
    """
    readers \(now.readers)
    channels \(now.channels)
    published \(now.published)
    delivered \(now.delivered)
    replayed \(now.replayed)
    gaps \(now.gaps)
    dropped \(now.dropped)
    heldBytes \(now.heldBytes)

    """
  }

  /// Ctrl-C, or a request to terminate.
  private static func interruption() async {
    let signals = AsyncStream<Void>.makeStream()
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { signals.continuation.yield() }
      source.resume()
      return source
    }
    for await _ in signals.stream { break }
    for source in sources { source.cancel() }
  }
}
