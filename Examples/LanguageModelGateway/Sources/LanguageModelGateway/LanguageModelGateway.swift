import Dispatch
import EventSourceBuiltInServer
import EventSourceSQLite
import EventSourceServer
import Glibc

/// A gateway to a language model that loses no token. A response is a run, which outlives the request that started it.
///
/// Usage: LanguageModelGateway [--port PORT] [--history sqlite:PATH] [--tokens-per-second N] [--retention SECONDS]
@main struct LanguageModelGateway {
  static func main() async {
    let options: Options
    do {
      options = try Options(Array(CommandLine.arguments.dropFirst()))
    } catch {
      stop("\(error)\n\(Options.usage)", status: 64)
    }
    do {
      let history = try options.history.map { try SQLiteEventRepository(path: $0) }
      var configuration = RunCollection.Configuration()
      configuration.retention = .seconds(options.retention)
      configuration.repository = history
      // Clients of the chat-completions API expect nothing before the first chunk.
      configuration.announcesID = false
      // Clients request a stream in the body, and some of them accept only JSON in the head.
      configuration.withoutEventStreams = .eventStream
      // A response that has no viewers is stopped, to save cost.
      configuration.unwatchedLimit = .seconds(60)
      // Enough for about 500 responses of 2,000 tokens at the same time.
      configuration.memoryLimit = 256 << 20
      var hubConfiguration = EventHub.Configuration()
      hubConfiguration.memoryLimit = 512 << 20
      let runs = RunCollection(EventHub(configuration: hubConfiguration), configuration: configuration)

      var serverConfiguration = BuiltInServer.Configuration()
      serverConfiguration.port = options.port
      let server = BuiltInServer(configuration: serverConfiguration)
      addRoutes(to: server, runs, ChatCompletions(runs, tokensPerSecond: options.tokensPerSecond))
      let url = try server.start().url
      print(
        """
        Listening on \(url)

          ask     curl -N -H 'Content-Type: application/json' \(url)/v1/chat/completions -d \
        '{"model":"echo","stream":true,"max_tokens":200,"messages":[{"role":"user","content":"hi"}]}'
          watch   curl -N \(url)/runs/ID
          stop    curl -X DELETE \(url)/runs/ID
          page    \(url)/
        """)
      fflush(nil)

      await interruption()
      await server.stop(drainingOver: .milliseconds(500))
      runs.close()
      await history?.close()
    } catch {
      stop("\(error)", status: 1)
    }
  }

  private static func addRoutes(to server: BuiltInServer, _ runs: RunCollection, _ completions: ChatCompletions) {
    server.route("POST", at: "/v1/chat/completions") { try await completions.answer($0) }
    server.route("GET", at: "/v1/models") { _ in
      .json(#"{"object":"list","data":[{"id":"echo","object":"model","created":0,"owned_by":"gateway"}]}"#)
    }
    server.route("GET", at: "/stats") { _ in .json(Statistics(runs).json) }
    server.route("GET", at: "/") { _ in .html(Page.html) }
    server.mount(
      RunHandler(runs) { _ in
        throw EventStreamRejection(status: 405, reason: "answers are asked for at /v1/chat/completions")
      }, at: "/runs")
  }

  /// Returns when the user presses Ctrl-C.
  private static func interruption() async {
    signal(SIGINT, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    await withCheckedContinuation { interrupted in
      source.setEventHandler {
        source.cancel()
        interrupted.resume()
      }
      source.resume()
    }
  }

  private static func stop(_ message: String, status: Int32) -> Never {
    let line = "language-model-gateway: \(message)\n"
    _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
    exit(status)
  }
}
