import Foundation
import Glibc

/// Watches the reader of standard output if that is a pipe. A listener must end when the reader has closed the pipe,
/// not only at its next write, because the next event may never arrive.
enum OutputReader {
  /// Calls a closure once, on a thread of its own, when the pipe has no reader left.
  static func whenGone(_ gone: @escaping @Sendable () -> Void) {
    var status = stat()
    guard fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
    Thread.detachNewThread {
      var descriptor = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
      repeat {
        descriptor.revents = 0
        if poll(&descriptor, 1, -1) < 0, errno != EINTR { return }
      } while descriptor.revents & Int16(POLLERR | POLLNVAL) == 0
      gone()
    }
  }
}
