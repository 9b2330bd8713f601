import EventSourceRedis
import EventSourceServer
import Foundation
import Synchronization

/// A `redis-server` for one test, with its own folder, on a socket or a free port. It ends with the object.
final class RedisProcess: Sendable {
  let folder: URL
  let port: Int?
  private let arguments: [String]
  private let process: Mutex<(server: Process, watchdog: Watchdog)?> = Mutex(nil)

  /// Starts a server, and returns when it replies.
  ///
  /// - Parameter port: A port of 127.0.0.1. `nil` means only the socket.
  init(port: Int? = nil, _ arguments: [String] = []) async throws {
    self.port = port
    self.arguments = arguments
    folder = URL(fileURLWithPath: "/tmp/redis-test-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try await start()
  }

  /// Starts a server for a test, and ends it with the test.
  static func run<Result>(
    port: Int? = nil, _ arguments: [String] = [], _ body: (RedisProcess) async throws -> Result
  ) async throws -> Result {
    let server = try await RedisProcess(port: port, arguments)
    defer { server.end() }
    return try await body(server)
  }

  /// Ends the server and removes its folder.
  func end() {
    kill()
    try? FileManager.default.removeItem(at: folder)
  }

  var socket: String { folder.appendingPathComponent("s").path }
  var server: RedisServer {
    port.map { RedisServer(.host("127.0.0.1", port: $0)) } ?? RedisServer(.unixSocket(path: socket))
  }

  /// Starts the server again, after all of these have noticed that it is away, and waits until they are connected.
  func restart(awaiting repositories: [RedisEventRepository]) async throws {
    try await eventually { repositories.allSatisfy { !$0.statistics.isConnected } }
    try await start()
    try await eventually { repositories.allSatisfy { $0.statistics.isConnected } }
  }

  func start() async throws {
    try launch()
    try await eventually { try self.command("PING") == "PONG" }
  }

  /// Starts the server, which may not reply yet.
  func launch() throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
    process.arguments =
      [
        "--port", "\(port ?? 0)", "--bind", "127.0.0.1", "--unixsocket", socket, "--dir", folder.path, "--save", "",
        "--logfile", folder.appendingPathComponent("log").path, "--repl-diskless-sync-delay", "0",
      ] + arguments
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let watchdog = try Watchdog(of: process.processIdentifier)
    self.process.withLock { $0 = (process, watchdog) }
  }

  /// Ends the server immediately, as `kill -9` does.
  func kill() {
    process.withLock { process in
      guard let running = process else { return }
      running.watchdog.end()
      Foundation.kill(running.server.processIdentifier, SIGKILL)
      running.server.waitUntilExit()
      process = nil
    }
  }

  func signal(_ signal: Int32) { process.withLock { _ = Foundation.kill($0?.server.processIdentifier ?? 0, signal) } }

  /// Runs a command with `redis-cli`, and returns its output.
  @discardableResult
  func command(_ words: String...) throws -> String { try redisCLI(["-s", socket] + words) }

  /// Returns the number of events that a channel has on the server.
  func events(in channel: String, database: Int = 0) throws -> Int? {
    let script = """
      local count = 0
      for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do count = count + entry[2][4] end
      return count
      """
    return Int(try command("-n", "\(database)", "EVAL", script, "1", "eventsource:s:\(channel)"))
  }

  func repository(
    _ change: (inout RedisEventRepository.Configuration) -> Void = { _ in }, logger: (any EventLogger)? = nil
  ) async throws -> RedisEventRepository {
    try await RedisEventRepository([server], configuration: .quick(change), logger: logger)
  }
}

extension RedisEventRepository.Configuration {
  /// Uses a short probe interval, so that tests are fast, and time limits that also hold on a busy machine.
  static func quick(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = Self()
    configuration.probeInterval = .milliseconds(100)
    configuration.responseTimeout = .seconds(20)
    configuration.publishTimeout = .seconds(20)
    change(&configuration)
    return configuration
  }
}

/// Runs `redis-cli` with these arguments, and returns its output.
func redisCLI(_ arguments: [String]) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-cli")
  process.arguments = arguments
  let output = Pipe()
  process.standardOutput = output
  process.standardError = output
  try process.run()
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
}

/// Returns a port that was free a moment ago. It is not one of those that the system gives to connections meanwhile.
func freePort() -> Int {
  while true {
    let port = UInt16.random(in: 12_000..<32_000)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    address.sin_port = port.bigEndian
    let isFree = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if isFree { return Int(port) }
  }
}

struct NeverHappened: Error {}

/// Waits for a condition by polling it, for at most a minute.
func eventually(_ condition: () async throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while ContinuousClock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(10))
  }
  throw NeverHappened()
}
