import EventSourceServer
import Foundation
import Synchronization

/// A process that runs HistoryProgram and ends at the latest with the test.
final class ChildProcess: Sendable {
  private struct Failure: Error, CustomStringConvertible { let description: String }

  private let process: Mutex<Process>
  private let output: FileHandle
  /// The output after the last complete line.
  private let rest = Mutex(Data())

  init(_ arguments: String...) throws {
    let process = Process()
    let pipe = Pipe()
    // In the same folder as the tests' own program.
    let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    process.executableURL = folder.appendingPathComponent("HistoryProgram")
    process.arguments = arguments
    process.standardOutput = pipe
    try process.run()
    output = pipe.fileHandleForReading
    try pipe.fileHandleForWriting.close()
    self.process = Mutex(process)
  }

  deinit { kill() }

  /// Returns the next complete lines, or `nil` when the process has closed its output.
  private func moreLines() -> [String]? {
    let data = output.availableData
    guard !data.isEmpty else { return nil }
    return rest.withLock { rest in
      rest.append(data)
      guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
      let text = String(decoding: rest[..<end], as: UTF8.self)
      rest = Data(rest[(end + 1)...])
      return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
  }

  /// Returns at least `count` lines, or all lines when the process closes its output.
  func lines(atLeast count: Int = .max) -> [String] {
    var all: [String] = []
    while all.count < count, let more = moreLines() { all += more }
    return all
  }

  /// Kills the process immediately.
  func kill() {
    process.withLock { process in
      if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }
  }

  /// Waits until the process ends by itself, and returns its status.
  func wait() -> Int32 {
    process.withLock { process in
      process.waitUntilExit()
      return process.terminationStatus
    }
  }
}
