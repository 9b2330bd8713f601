import EventSourceBuiltInServer
import EventSourceServer
import Glibc

/// Serves with the built-in server until the process is killed.
struct BuiltInStack {
  let options: Options
  let handlers: Handlers
  let publisher: Publisher

  func run() throws {
    var configuration = BuiltInServer.Configuration()
    configuration.port = Int(options.port)
    configuration.threads = options.threads
    configuration.maximumConnections = 1_000_000
    let server = BuiltInServer(configuration: configuration)
    server.mount(handlers.all, at: "/stream")
    server.mount(handlers.named, at: "/stream/{channel}")
    server.mount(handlers.heartbeats, at: "/heartbeats")
    server.route("GET", at: "/ok") { _ in .text("ok\n") }
    let publisher = publisher
    server.route("POST", at: "/publish") { request in
      publisher.start(Publisher.Job(query: request.target.split(separator: "?").dropFirst().joined()))
      return .text("publishing\n")
    }
    server.route("GET", at: "/stats") { _ in .json(publisher.statistics) }
    let address = try server.start()
    print("bench-server: builtin, \(options.threads) threads, \(address.url)")
    fflush(nil)
    withExtendedLifetime(server) { while true { pause() } }
  }
}
