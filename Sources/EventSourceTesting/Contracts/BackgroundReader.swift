import Dispatch
import Synchronization

/// Reads a stream of channel `a` as fast as possible, on its own thread, until it is stopped or disconnected.
// Sendable, because only the reading thread uses the socket, except for its shutdown, which any thread may call.
final class BackgroundReader: @unchecked Sendable {
  private let socket: ClientSocket
  private let count = Atomic(0)
  private let done = DispatchGroup()

  /// The number of bytes received, including the head.
  var byteCount: Int { count.load(ordering: .relaxed) }

  init(port: Int) throws {
    socket = try ClientSocket(port: port)
    try socket.send("GET /events/a HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    DispatchQueue(label: "reader").async(group: done) { [self] in
      while let bytes = try? socket.receive(), !bytes.isEmpty { count.add(bytes.count, ordering: .relaxed) }
    }
  }

  /// Stops reading. Returns when the connection is closed.
  func stop() {
    socket.shutDown()
    done.wait()
    socket.close()
  }
}
