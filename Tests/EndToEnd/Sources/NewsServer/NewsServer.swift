import EventSourceServer
import EventSourceZlib
import Glibc
import StackServer

/// What `eventsource serve --replay --gzip` is to the built-in server, on NIO or Hummingbird.
///
///     NewsServer nio|hummingbird [CERTIFICATE KEY]
///
/// `GET /events/CHANNEL` is a stream, and `POST /publish/CHANNEL` publishes the body and responds with the event's ID.
/// Channels are created by their first use. Prints the address, and drains the streams at the end of its input.
@main struct NewsServer {
  static func main() async throws {
    signal(SIGPIPE, SIG_IGN)
    let arguments = CommandLine.arguments
    guard [2, 4].contains(arguments.count) else {
      print("usage: NewsServer nio|hummingbird [CERTIFICATE KEY]")
      exit(64)
    }
    var configuration = EventHub.Configuration()
    configuration.channelCreation = .onDemand
    configuration.retention = Retention(maximumBytes: 16 << 20)
    let hub = EventHub(configuration: configuration)
    var endpoint = EventStreamHandler.Configuration()
    endpoint.replaysToNewReaders = true
    endpoint.reconnectionTime = .milliseconds(100)
    endpoint.compression = EventStreamCompression(ZlibCompressor())
    let tls = arguments.count == 4 ? CertificateFiles(certificate: arguments[2], key: arguments[3]) : nil
    let server = try await startServer(
      stack: arguments[1], EventStreamHandler(hub, configuration: endpoint), tls: tls)
    print("Listening on http\(tls == nil ? "" : "s")://127.0.0.1:\(server.port)")
    fflush(nil)
    while readLine() != nil {}
    await server.stop(drainingOver: .seconds(2))
    print(
      "ended \(hub.statistics.streamsEnded.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: " "))")
  }
}
