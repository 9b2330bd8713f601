import EventSourceBuiltInServer
import EventSourceServer
import Glibc
import Synchronization

/// Starts a server on a port that the system chooses, and stops it after the test.
func withServer(
  _ configure: (inout BuiltInServer.Configuration) -> Void = { _ in },
  logger: (any EventLogger)? = nil,
  accessLog: (@Sendable (AccessRecord) -> Void)? = nil,
  routes: (BuiltInServer) -> Void = addTestRoutes,
  _ body: (BuiltInServer, ListeningAddress) async throws -> Void
) async throws {
  var configuration = BuiltInServer.Configuration()
  // A busy machine may need a long time.
  configuration.routeTimeout = .seconds(3600)
  configure(&configuration)
  let server = BuiltInServer(configuration: configuration, logger: logger, accessLog: accessLog)
  routes(server)
  let address = try server.start()
  do {
    try await body(server, address)
    await server.stop()
  } catch {
    await server.stop()
    throw error
  }
}

/// `GET /hello`, `POST /echo`, `GET /items/{id}`, and `GET /fails`.
func addTestRoutes(_ server: BuiltInServer) {
  server.route("GET", at: "/hello") { _ in .text("hello\n") }
  server.route("POST", at: "/echo") { request in BuiltInResponse(body: request.body) }
  server.route("GET", at: "/items/{id}") { request in .text(request.pathParameters["id"]!) }
  server.route("GET", at: "/fails") { _ in throw TestClient.Failure(description: "the secret\nreason") }
}

/// A GET request.
func get(_ target: String, _ fields: String...) -> String {
  "GET \(target) HTTP/1.1\r\nHost: test\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
}

/// A request with a method and an optional body.
func request(_ method: String, _ target: String, body: String = "", fields: [String] = []) -> String {
  let length = body.isEmpty ? [] : ["Content-Length: \(body.utf8.count)"]
  let lines = ["\(method) \(target) HTTP/1.1", "Host: test"] + length + fields
  return lines.map { $0 + "\r\n" }.joined() + "\r\n" + body
}

/// Collects log records.
final class RecordingLogger: EventLogger {
  private let records = Mutex<[EventLogRecord]>([])

  func log(_ record: EventLogRecord) { records.withLock { $0.append(record) } }

  /// The records, one line each.
  var lines: [String] {
    records.withLock { records in
      records.map { record in
        "\(record.level) \(record.message) " + record.metadata.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
      }
    }
  }
}

/// Polls a condition. Returns `false` if it is not true within a minute.
func eventually(_ condition: @escaping @Sendable () -> Bool) async -> Bool {
  let clock = ContinuousClock()
  let deadline = clock.now + .seconds(60)
  while !condition() {
    guard clock.now < deadline else { return false }
    try? await Task.sleep(for: .milliseconds(5))
  }
  return true
}

/// Returns the number of the process's open descriptors of a kind, as /proc names it. The default is sockets.
///
/// The runtime also opens descriptors of other kinds on first use.
func openDescriptors(_ kind: String = "socket:") -> Int {
  guard let directory = opendir("/proc/self/fd") else { return -1 }
  defer { closedir(directory) }
  var count = 0
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    var target = [UInt8](repeating: 0, count: 64)
    let length = target.withUnsafeMutableBytes { readlink("/proc/self/fd/" + name, $0.baseAddress!, $0.count) }
    if length > 0, String(decoding: target[..<length], as: UTF8.self).hasPrefix(kind) { count += 1 }
  }
  return count
}

/// `GET /endless`, which sends lines until the peer disconnects; `GET /count`, which sends three and ends; and `GET
/// /broken`, which fails after one.
func addStreamingRoutes(_ server: BuiltInServer) {
  server.route("GET", at: "/endless") { _ in
    .streaming(contentType: "text/plain") { writer in
      while true { try await writer.write([UInt8](repeating: 120, count: 1000)) }
    }
  }
  server.route("GET", at: "/count") { _ in
    .streaming(contentType: "text/plain") { writer in
      for number in 1...3 { try await writer.write("\(number)\n") }
    }
  }
  server.route("GET", at: "/broken") { _ in
    .streaming(contentType: "text/plain") { writer in
      try await writer.write("some of it\n")
      throw TestClient.Failure(description: "the secret reason")
    }
  }
}
