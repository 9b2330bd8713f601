import EventSourceServer
import Foundation
import Synchronization

/// A copy of the HistoryProgram, which ends with the test at the latest.
final class ChildProcess: Sendable {
  private struct Failure: Error, CustomStringConvertible { let description: String }

  private let process: Mutex<Process>
  private let output: FileHandle
  /// What came after the last whole line.
  private let rest = Mutex(Data())

  init(_ arguments: String...) throws {
    let process = Process()
    let pipe = Pipe()
    // Beside the tests' own program.
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

  /// The next whole lines, as they come; nil: the process has closed its output.
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

  /// The lines until the process closes its output, or so many at least.
  func lines(atLeast count: Int = .max) -> [String] {
    var all: [String] = []
    while all.count < count, let more = moreLines() { all += more }
    return all
  }

  /// Ends the process at once, wherever it is.
  func kill() {
    process.withLock { process in
      if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
      process.waitUntilExit()
    }
  }

  /// Waits for the process to end by itself; its status.
  func wait() -> Int32 {
    process.withLock { process in
      process.waitUntilExit()
      return process.terminationStatus
    }
  }
}
