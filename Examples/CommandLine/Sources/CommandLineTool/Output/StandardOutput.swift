import ArgumentParser
import Glibc

/// Standard output, buffered until it is flushed. Use it on one thread at a time.
struct StandardOutput {
  private var buffer: [UInt8] = []

  /// The buffer is flushed at this size.
  private static let most = 64 << 10

  mutating func add(_ line: (inout [UInt8]) -> Void) throws {
    line(&buffer)
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count > Self.most { try flush() }
  }

  mutating func add(_ line: String) throws { try add { $0 += line.utf8 } }

  /// Writes the buffer. Returns when the system has accepted it.
  ///
  /// - Throws: Status 141 without a message if the pipe has no reader; ``Failure`` for other errors.
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
        throw Failure(.inputOutput, "cannot write to standard output: \(String(cString: strerror(errno)))")
      }
    }
    // Releases the memory of a large event.
    buffer.removeAll(keepingCapacity: buffer.count <= 2 * Self.most)
  }

  /// Whether standard output is a terminal.
  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}

extension ExitCode {
  /// The status of a program that SIGPIPE ends.
  static let brokenPipe = ExitCode(128 + SIGPIPE)
}

/// Waits until a descriptor is ready. Another program that shares it may have made it non-blocking.
func waitUntilReady(_ descriptor: Int32, for events: Int32) {
  var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
  _ = poll(&entry, 1, -1)
}
