import EventSourceHummingbird
import EventSourceObservability
import EventSourceServer
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import JWTKit
import Metrics
import NIOCore
import NIOSSL
import TextMetrics

/// The content of a token: its bearer, the channels that the bearer may read, and the expiry.
struct Token: JWTPayload {
  var sub: SubjectClaim
  var exp: ExpirationClaim
  var channels: [String]

  func verify(using algorithm: some JWTAlgorithm) throws { try exp.verifyNotExpired() }
}

/// A request, with the token that ``Authentication`` has verified.
struct Context: EventStreamRequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel
  var token: Token?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

/// Middleware that lets requests with a valid token through.
struct Authentication: RouterMiddleware {
  let keys: JWTKeyCollection

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    guard let field = request.headers[.authorization], field.hasPrefix("Bearer "),
      let token = try? await keys.verify(String(field.dropFirst("Bearer ".count)), as: Token.self)
    else { throw HTTPError(.unauthorized) }
    var context = context
    context.token = token
    return try await next(request, context)
  }
}

/// `HummingbirdServer [PORT [CERTIFICATE KEY]]`. With a certificate, it speaks HTTP/2 as well.
@main struct HummingbirdServer {
  static func main() async throws {
    let arguments = CommandLine.arguments
    let metrics = TextMetrics()
    MetricsSystem.bootstrap(metrics)
    let keys = JWTKeyCollection()
    // A key for this run only. A real key comes from the application's secret store.
    await keys.add(hmac: HMACKey(from: (0..<32).map { _ in UInt8.random(in: 0...255) }), digestAlgorithm: .sha256)

    let hub = EventHub(channels: ["public", "staff"])
    let hubMetrics = HubMetrics(hub)
    let streams = HummingbirdEventStreams(hub)
    let authorizer = ContextAuthorizer<Context> { context, channels in
      guard let token = context.token else { return .rejected(.unauthorized()) }
      let readable = Set(channels.filter { token.channels.contains($0.rawValue) })
      guard !readable.isEmpty else { return .rejected(.forbidden) }
      let rest = Duration.seconds(token.exp.value.timeIntervalSinceNow)
      return .granted(ChannelGrant(expiresAfter: rest, identity: token.sub.value, channels: readable))
    }

    let router = Router(context: Context.self)
    router.get("metrics") { _, _ in
      hubMetrics.report()
      return metrics.text
    }
    // The application decides who gets a token. Here everyone gets one for "public", and Anna also gets "staff".
    router.post("tokens/{name}") { _, context in
      let name = try context.parameters.require("name")
      let expiry = ExpirationClaim(value: Date(timeIntervalSinceNow: 60))
      return try await keys.sign(
        Token(sub: .init(value: name), exp: expiry, channels: name == "anna" ? ["public", "staff"] : ["public"]))
    }
    router.post("publish/{channel}") { request, context in
      let text = String(buffer: try await request.body.collect(upTo: 1 << 16))
      return "\(try hub.publish(text, to: ChannelName(context.parameters.require("channel"))))\n"
    }
    router.group().add(middleware: Authentication(keys: keys))
      .eventStreams("events/{channel}", EventStreamHandler(hub, authorizer: authorizer), on: streams)

    var server = HTTPServerBuilder.http1()
    if arguments.count == 4 {
      let chain = try NIOSSLCertificate.fromPEMFile(arguments[2]).map { NIOSSLCertificateSource.certificate($0) }
      let key = try NIOSSLPrivateKey(file: arguments[3], format: .pem)
      server = try .http2Upgrade(
        tlsConfiguration: .makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key)))
    }
    let app = Application(
      router: router, server: server,
      configuration: .init(address: .hostname("127.0.0.1", port: arguments.count > 1 ? Int(arguments[1]) ?? 0 : 0)),
      onServerRunning: { channel in
        print("Listening on http\(arguments.count == 4 ? "s" : "")://127.0.0.1:\(channel.localAddress?.port ?? 0)")
        fflush(nil)
      })
    // A termination signal, or Ctrl-C, shuts the application down gracefully, which drains the streams.
    try await app.runService()
  }
}
