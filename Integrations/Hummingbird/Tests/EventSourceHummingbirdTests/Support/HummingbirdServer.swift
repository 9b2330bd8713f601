#if Hummingbird
  import EventSourceHummingbird
  import EventSourceServer
  import EventSourceTesting
  import HTTP2Gateway
  import Hummingbird
  import HummingbirdCore
  import HummingbirdHTTP2
  import Logging
  import NIOCore
  import NIOSSL
  import ServiceLifecycle
  import Synchronization

  /// An application with event streams and a route of its own.
  final class HummingbirdServer: RunningAdapter {
    /// The HTTP version that clients use.
    enum Version { case http1, http2 }

    let streams: HummingbirdEventStreams
    let port: Int
    private let gateway: HTTP2Gateway?
    private let group: ServiceGroup
    private let running: Task<Void, any Error>
    /// Ends when the application has ended.
    private let untilEnd: AsyncStream<Never>
    private let stopping = Mutex<Task<Void, Never>?>(nil)

    init(
      _ handler: EventStreamHandler, _ version: Version = .http1, drainWindow: Duration = .milliseconds(50),
      route: (Router<BasicEventStreamRequestContext>) -> Void = { _ in }
    ) async throws {
      let streams = HummingbirdEventStreams(handler.hub, drainWindow: drainWindow)
      self.streams = streams
      let router = Router(context: BasicEventStreamRequestContext.self)
      route(router)
      router.get("hello") { _, _ in "hello" }
      router.eventStreams("events/{channel}", handler, on: streams)
      let server: HTTPServerBuilder =
        switch version {
        case .http1: .http1()
        case .http2: try .http2Upgrade(tlsConfiguration: Certificate.serverConfiguration)
        }
      let (ports, port) = AsyncStream<Int>.makeStream()
      let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
      let app = Application(
        router: router, server: server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { port.yield($0.localAddress!.port!) }, logger: logger)
      let group = ServiceGroup(services: [app], logger: logger)
      self.group = group
      let (untilEnd, end) = AsyncStream<Never>.makeStream()
      self.untilEnd = untilEnd
      running = Task {
        defer { end.finish() }
        try await group.run()
      }
      var iterator = ports.makeAsyncIterator()
      let serverPort = await iterator.next()!
      gateway =
        switch version {
        case .http1: nil
        case .http2:
          try await HTTP2Gateway(
            to: serverPort, tls: NIOSSLContext(configuration: Certificate.clientConfiguration))
        }
      self.port = gateway?.port ?? serverPort
    }

    /// Shuts down as a program does that receives a termination signal.
    func shutDownGracefully() async { await group.triggerGracefulShutdown() }

    func stop(drainingOver window: Duration) async {
      let task = stopping.withLock { task in
        task = task ?? Task { await self.end(draining: window) }
        return task!
      }
      await task.value
    }

    private func end(draining window: Duration) async {
      // Over HTTP/2 Hummingbird closes a connection together with its last stream, whose end may not have been sent.
      if gateway == nil { await group.triggerGracefulShutdown() }
      await wait(atMost: window + .seconds(2)) { await self.streams.drain(over: window) }
      await group.triggerGracefulShutdown()
      await streams.close()
      // Canceling ends NIO's sequence of a connection's streams. A stream that a client opens at that moment is
      // dropped, and NIO ends the process with "Deinited NIOAsyncWriter without calling finish()".
      if gateway != nil { await wait(atMost: .seconds(1)) { for await _ in self.untilEnd {} } }
      running.cancel()
      _ = await running.result
      await gateway?.stop()
    }

    private func wait(atMost time: Duration, for event: @escaping @Sendable () async -> Void) async {
      await withTaskGroup(of: Void.self) { group in
        group.addTask(operation: event)
        group.addTask { try? await Task.sleep(for: time) }
        await group.next()
        group.cancelAll()
      }
    }
  }
#endif
