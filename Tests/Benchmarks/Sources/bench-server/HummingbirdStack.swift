#if Stacks
  import EventSourceHummingbird
  import EventSourceServer
  import Glibc
  import Hummingbird
  import NIOCore
  import NIOPosix

  /// Serves with Hummingbird, until the process is ended.
  struct HummingbirdStack {
    let options: Options
    let handlers: Handlers
    let publisher: Publisher

    func run() async throws {
      let streams = HummingbirdEventStreams(handlers.named.hub)
      let router = Router(context: BasicEventStreamRequestContext.self)
      let publisher = publisher
      router.eventStreams("stream", handlers.all, on: streams)
      router.eventStreams("stream/{channel}", handlers.named, on: streams)
      router.eventStreams("heartbeats", handlers.heartbeats, on: streams)
      router.get("ok") { _, _ in "ok\n" }
      router.get("stats") { _, _ in publisher.statistics }
      router.post("publish") { request, _ in
        publisher.start(Publisher.Job(query: request.uri.query ?? ""))
        return "publishing\n"
      }
      // A response without an end, as Hummingbird writes it.
      router.get("idle") { _, _ in
        Response(
          status: .ok, headers: [.contentType: "text/event-stream"],
          body: ResponseBody { writer in
            try await writer.write(ByteBuffer(string: ":\n"))
            for await _ in AsyncStream<Void>.makeStream().stream {}
            try await writer.finish(nil)
          })
      }
      let app = Application(
        router: router,
        configuration: .init(address: .hostname("127.0.0.1", port: Int(options.port)), backlog: 4096),
        onServerRunning: { [options] channel in
          print("bench-server: hummingbird, \(options.threads) threads, \(channel.localAddress!)")
          fflush(nil)
        },
        eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup(numberOfThreads: options.threads)))
      try await app.runService()
    }
  }
#endif
