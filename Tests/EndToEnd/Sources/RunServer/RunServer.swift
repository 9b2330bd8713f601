import CEvhttp
import EventSourceFormat
import EventSourceLibevent
import EventSourceSQLite
import EventSourceServer
import Foundation

/// Examples/LanguageModelGateway on evhttp, as far as Tests/EndToEnd/runs.py needs it. Serves until it is killed.
///
///     RunServer [--port PORT] [--history sqlite:PATH] [--tokens-per-second N] [--retention SECONDS]
@main struct RunServer {
  static func main() throws {
    signal(SIGPIPE, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    func option(_ name: String) -> String? { arguments.firstIndex(of: name).map { arguments[$0 + 1] } }
    var configuration = RunCollection.Configuration()
    configuration.retention = .seconds(option("--retention").flatMap { Double($0) } ?? 60)
    configuration.announcesID = false
    configuration.withoutEventStreams = .eventStream
    configuration.memoryLimit = 256 << 20
    configuration.repository = try option("--history").map { try SQLiteEventRepository(path: String($0.dropFirst(7))) }
    var hub = EventHub.Configuration()
    hub.memoryLimit = 512 << 20
    let runs = RunCollection(EventHub(configuration: hub), configuration: configuration)

    let base = event_base_new()!
    let http = evhttp_new(base)!
    let methods = EVHTTP_REQ_GET.rawValue | EVHTTP_REQ_POST.rawValue | EVHTTP_REQ_DELETE.rawValue
    evhttp_set_allowed_methods(http, UInt16(methods))
    let routes = Routes(
      runs, try EvhttpEventStreams(base: base, hub: runs.hub),
      tokensPerSecond: option("--tokens-per-second").flatMap { Double($0) } ?? 50)
    evhttp_set_gencb(
      http, { request, routes in Unmanaged<Routes>.fromOpaque(routes!).takeUnretainedValue().answer(request!) },
      Unmanaged.passUnretained(routes).toOpaque())
    guard
      let bound = evhttp_bind_socket_with_handle(http, "127.0.0.1", option("--port").flatMap { UInt16($0) } ?? 0)
    else { fatalError("the port is in use") }
    print("Listening on http://127.0.0.1:\(port(of: bound))")
    fflush(nil)
    withExtendedLifetime(routes) { _ = event_base_dispatch(base) }
  }

  private static func port(of bound: OpaquePointer) -> Int {
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = getsockname(evhttp_bound_socket_get_fd(bound), $0, &length)
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
