import Foundation

/// Kills a process when the test process ends without having ended it, for example by a crash.
final class Watchdog: Sendable {
  private let process = Process()
  /// The watchdog waits for the end of this pipe.
  private let pipe = Pipe()

  init(of identifier: Int32) throws {
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "read line; kill -9 \(identifier)"]
    process.standardInput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  /// Ends the watchdog, before its process is ended.
  func end() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
}
