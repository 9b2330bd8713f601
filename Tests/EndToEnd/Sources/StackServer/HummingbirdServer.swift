#if Stacks
  import EventSourceHummingbird
  import EventSourceServer
  import Hummingbird
  import HummingbirdCore
  import HummingbirdHTTP2
  import Logging
  import NIOCore
  import NIOSSL
  import ServiceLifecycle

  /// A Hummingbird application, over HTTP/1.1, or with a certificate over HTTP/2 as well.
  final class HummingbirdServer: StackServer {
    let port: Int
    private let streams: HummingbirdEventStreams
    private let group: ServiceGroup
    private let running: Task<Void, any Error>

    init(_ handler: EventStreamHandler, tls: CertificateFiles?) async throws {
      let hub = handler.hub
      let streams = HummingbirdEventStreams(hub)
      self.streams = streams
      let router = Router(context: BasicEventStreamRequestContext.self)
      router.eventStreams("events/{channel}", handler, on: streams)
      router.get("stats") { _, _ in "\(hub.statistics.readers)\n" }
      router.post("publish/{channel}") { request, context in
        let text = String(buffer: try await request.body.collect(upTo: 1 << 24))
        let id = try hub.publish(text, to: ChannelName(context.parameters.require("channel")))
        return EditedResponse(status: .accepted, response: "\(id)\n")
      }
      var server = HTTPServerBuilder.http1()
      if let tls {
        let chain = try NIOSSLCertificate.fromPEMFile(tls.certificate).map { NIOSSLCertificateSource.certificate($0) }
        let key = try NIOSSLPrivateKey(file: tls.key, format: .pem)
        server = try .http2Upgrade(
          tlsConfiguration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
      }
      let (ports, port) = AsyncStream<Int>.makeStream()
      let logger = Logger(label: "server") { _ in SwiftLogNoOpLogHandler() }
      let app = Application(
        router: router, server: server,
        configuration: .init(address: .hostname("127.0.0.1", port: 0), backlog: 4096),
        onServerRunning: { port.yield($0.localAddress!.port!) }, logger: logger)
      let group = ServiceGroup(services: [app], logger: logger)
      self.group = group
      running = Task { try await group.run() }
      var iterator = ports.makeAsyncIterator()
      self.port = await iterator.next()!
    }

    func stop(drainingOver window: Duration) async {
      await streams.drain(over: window)
      await group.triggerGracefulShutdown()
      _ = await running.result
    }
  }
#endif
