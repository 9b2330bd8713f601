import EventSourceRedis
import Foundation
import Synchronization

/// A Sentinel for one test, which fails over within about a second. It ends with `end()`.
final class SentinelProcess: Sendable {
  let port = freePort()
  private let folder: URL
  private let process = Mutex<(sentinel: Process, watchdog: Watchdog)?>(nil)

  /// Starts a Sentinel for the master "mymaster" at a port of 127.0.0.1.
  init(masterPort: Int) async throws {
    folder = URL(fileURLWithPath: "/tmp/redis-sentinel-\(UInt32.random(in: 0 ... .max))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let settings = folder.appendingPathComponent("sentinel.conf")
    try Data(
      """
      port \(port)
      bind 127.0.0.1
      dir \(folder.path)
      logfile \(folder.path)/log
      sentinel monitor mymaster 127.0.0.1 \(masterPort) 1
      sentinel down-after-milliseconds mymaster 500
      sentinel failover-timeout mymaster 3000

      """.utf8
    ).write(to: settings)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
    process.arguments = [settings.path, "--sentinel"]
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let watchdog = try Watchdog(of: process.processIdentifier)
    self.process.withLock { $0 = (process, watchdog) }
  }

  /// Runs a command with `redis-cli`, and returns its output.
  func command(_ words: String...) throws -> String { try redisCLI(["-p", "\(port)"] + words) }

  func end() {
    process.withLock { process in
      guard let running = process else { return }
      running.watchdog.end()
      kill(running.sentinel.processIdentifier, SIGKILL)
      running.sentinel.waitUntilExit()
      process = nil
    }
    try? FileManager.default.removeItem(at: folder)
  }
}
