import Foundation
import Glibc

/// Who reads standard output, if it is a pipe: a listener has to end when they have gone, not only when it has the next
/// event to write, which may be never.
enum OutputReader {
  /// Calls back once, on a thread of its own, when nobody reads any more.
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
