#if NIO
  import EventSourceNIO
  import EventSourceServer
  import EventSourceTesting
  import NIOCore
  import NIOHTTP1
  import NIOPosix
  import Synchronization

  /// A NIO server with event streams and a route of its own.
  final class NIOServer: RunningAdapter {
    /// Adds the handlers to a connection's channel.
    typealias Initializer = @Sendable (any Channel, NIOEventStreams) -> EventLoopFuture<Void>

    let streams: NIOEventStreams
    let port: Int
    let group: MultiThreadedEventLoopGroup
    let listener: any Channel
    private let stopping = Mutex<Task<Void, Never>?>(nil)

    init(
      _ handler: EventStreamHandler, threads: Int = 1, allowsHalfClosure: Bool = false,
      initializer: @escaping Initializer = NIOServer.http1
    ) async throws {
      let streams = NIOEventStreams(handler.hub, quiescingWindow: .milliseconds(50))
      streams.mount(handler, at: "/events/{channel}")
      self.streams = streams
      group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
      listener = try await ServerBootstrap(group: group)
        .serverChannelOption(.backlog, value: 1024)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelOption(.allowRemoteHalfClosure, value: allowsHalfClosure)
        .childChannelInitializer { initializer($0, streams) }
        .bind(host: "127.0.0.1", port: 0).value()
      port = listener.localAddress!.port!
    }

    /// HTTP/1.1 with NIO's usual handlers.
    static let http1: Initializer = { channel, streams in
      channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline()
        try pipeline.addHandler(EventStreamChannelHandler(streams))
        try pipeline.addHandler(HelloHandler())
      }
    }

    func stop(drainingOver window: Duration) async {
      let task = stopping.withLock { task in
        task = task ?? Task { await self.end(draining: window) }
        return task!
      }
      await task.value
    }

    private func end(draining window: Duration) async {
      try? await listener.close().value()
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await self.streams.drain(over: window) }
        group.addTask { try? await Task.sleep(for: window + .seconds(2)) }
        await group.next()
        group.cancelAll()
      }
      await streams.close()
      try? await group.shutdownGracefully()
    }
  }
#endif
