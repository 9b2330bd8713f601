import Dispatch
import EventSourceNIO
import EventSourceServer
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// A server on SwiftNIO with a route of its own and event streams.
@main struct NIOServer {
  static func main() async throws {
    let hub = EventHub(channels: ["wall"])
    let streams = NIOEventStreams(hub)
    streams.mount(EventStreamHandler(hub), at: "/events/{channel}")

    let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    let listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(EventStreamChannelHandler(streams))
          try pipeline.addHandler(PublishHandler(hub))
        }
      }
      .bind(host: "127.0.0.1", port: CommandLine.arguments.dropFirst().last.flatMap { Int($0) } ?? 0).get()
    let url = "http://127.0.0.1:\(listener.localAddress?.port ?? 0)"
    print("Listening on \(url)\n\n  curl -N \(url)/events/wall\n  curl -d hello \(url)/publish/wall")
    fflush(nil)

    await untilTerminated()
    try await listener.close()
    await streams.drain(over: .seconds(1))
    await streams.close()
    try await group.shutdownGracefully()
  }

  /// Returns after Ctrl-C or a termination signal.
  private static func untilTerminated() async {
    let (signals, continuation) = AsyncStream<Void>.makeStream()
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number)
      source.setEventHandler { continuation.finish() }
      source.resume()
      return source
    }
    for await _ in signals {}
    for source in sources { source.cancel() }
  }
}

/// `POST /publish/CHANNEL` publishes the body. Everything else is not found.
final class PublishHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let hub: EventHub
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()

  init(_ hub: EventHub) { self.hub = hub }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head): (self.head, body) = (head, ByteBuffer())
    case .body(var part): body.writeBuffer(&part)
    case .end: respond(context)
    }
  }

  private func respond(_ context: ChannelHandlerContext) {
    guard let head else { return }
    let parts = head.uri.split(separator: "/")
    guard head.method == .POST, parts.count == 2, parts[0] == "publish" else {
      return send("not found\n", .notFound, to: head, context)
    }
    do {
      let id = try hub.publish(String(buffer: body), to: ChannelName(String(parts[1])))
      send("\(id)\n", .accepted, to: head, context)
    } catch {
      send("\(error)\n", .badRequest, to: head, context)
    }
  }

  private func send(
    _ text: String, _ status: HTTPResponseStatus, to head: HTTPRequestHead, _ context: ChannelHandlerContext
  ) {
    let headers: HTTPHeaders = ["Content-Length": "\(text.utf8.count)"]
    let response = HTTPResponseHead(version: head.version, status: status, headers: headers)
    context.write(Self.wrapOutboundOut(.head(response)), promise: nil)
    context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
  }
}
