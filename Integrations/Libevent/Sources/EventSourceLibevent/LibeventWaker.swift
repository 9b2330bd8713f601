import CLibevent
import Glibc

/// Wakes an event base from any thread by sending a byte through a pair of sockets. This works even if the program has
/// not enabled threads in libevent.
final class LibeventWaker: Sendable {
  let readEnd: Int32
  private let writeEnd: Int32

  init() throws(LibeventError) {
    var ends: [Int32] = [-1, -1]
    guard evutil_socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
      throw .outOfResources("socketpair")
    }
    readEnd = ends[0]
    writeEnd = ends[1]
    for end in ends {
      evutil_make_socket_nonblocking(end)
      evutil_make_socket_closeonexec(end)
    }
  }

  deinit {
    evutil_closesocket(readEnd)
    evutil_closesocket(writeEnd)
  }

  /// Wakes the base, from any thread. If the pair's buffer is full, the base already has enough to wake it.
  func wake() {
    var byte: UInt8 = 1
    _ = send(writeEnd, &byte, 1, Int32(MSG_NOSIGNAL))
  }

  /// Reads and discards the bytes that were sent.
  func drain() {
    withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
      while recv(readEnd, buffer.baseAddress, buffer.count, 0) == buffer.count {}
    }
  }
}
