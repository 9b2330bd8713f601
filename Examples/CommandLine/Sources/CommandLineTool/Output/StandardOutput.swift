import ArgumentParser
import Glibc

/// Standard output: what is added is written when it is flushed. One thread at a time.
struct StandardOutput {
  private var buffer: [UInt8] = []

  /// More than this is not kept waiting.
  private static let most = 64 << 10

  mutating func add(_ line: (inout [UInt8]) -> Void) throws {
    line(&buffer)
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count > Self.most { try flush() }
  }

  mutating func add(_ line: String) throws { try add { $0 += line.utf8 } }

  /// Writes what was added; returns when the system has taken it.
  ///
  /// - Throws: Status 141, without a message, when nobody reads it any more; ``Failure`` when it cannot be written.
  mutating func flush() throws {
    var written = 0
    while written < buffer.count {
      let count = buffer.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress! + written, $0.count - written) }
      if count >= 0 {
        written += count
      } else if errno == EPIPE {
        throw ExitCode.brokenPipe
      } else if errno == EAGAIN {
        waitUntilReady(STDOUT_FILENO, for: POLLOUT)
      } else if errno != EINTR {
        throw Failure(.inputOutput, "standard output cannot be written: \(String(cString: strerror(errno)))")
      }
    }
    // A large event's memory is not held for ever.
    buffer.removeAll(keepingCapacity: buffer.count <= 2 * Self.most)
  }

  /// Whether a person sees it.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

extension ExitCode {
  /// As of a program that SIGPIPE ends.
  static let brokenPipe = ExitCode(128 + SIGPIPE)
}

/// Waits where somebody else has made a descriptor, which programs share, one that does not block.
func waitUntilReady(_ descriptor: Int32, for events: Int32) {
  var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
  _ = poll(&entry, 1, -1)
}
