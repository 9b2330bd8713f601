import EventSourceServer
import Dispatch
import Glibc
import Synchronization

@testable import EventSourceBuiltInServer

/// A plain socket: it sends and shows bytes unchanged.
///
/// Waits on a Dispatch thread, so that a waiting test does not block the tasks that it waits for.
final class TestClient: Sendable {
  /// How a connection ended.
  enum End: Sendable, Equatable {
    case closed
    case reset
  }

  /// The outcome of a wait that failed.
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  private struct State {
    var number: Int32
    var received: [UInt8] = []
    var end: End?
    /// Not `nil` after a head whose body is chunked.
    var chunks: ReceivedChunks?
  }

  private let state: Mutex<State>

  /// Connects.
  ///
  /// - Parameter receiveBuffer: SO_RCVBUF. A small value limits the bytes between a server and a reader that does not
  ///   read.
  init(_ address: ListeningAddress, receiveBuffer: Int32? = nil) throws {
    let target =
      address.unixSocket.flatMap { SocketAddress(unix: $0) } ?? SocketAddress(host: address.host, port: address.port)
    guard let target else { throw Failure(description: "\(address) is no address") }
    let number = socket(target.family, Int32(SOCK_STREAM.rawValue), 0)
    if var receiveBuffer { setsockopt(number, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    guard target.withSockaddr({ connect(number, $0, $1) }) == 0 else {
      let reason = String(cString: strerror(errno))
      close(number)
      throw Failure(description: "connect: \(reason)")
    }
    var one: Int32 = 1
    setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    state = Mutex(State(number: number))
  }

  /// Takes ownership of a connected socket.
  init(owning number: Int32) { state = Mutex(State(number: number)) }

  deinit { disconnect() }

  /// Sends everything. A disconnected peer is detected by reading.
  func send(_ bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    var sent = 0
    let number = state.withLock { $0.number }
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(number, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count <= 0 { return }
      sent += count
    }
  }

  /// Sends text with its line ends unchanged.
  func send(_ text: String) { send(text.utf8) }

  /// Sends a FIN. The server's data can still be read.
  func finishSending() { _ = state.withLock { shutdown($0.number, Int32(SHUT_WR)) } }

  /// Closes.
  func disconnect() {
    state.withLock { state in
      if state.number >= 0 { close(state.number) }
      state.number = -1
    }
  }

  /// Closes with a RST.
  func reset() {
    state.withLock { state in
      var option = linger(l_onoff: 1, l_linger: 0)
      setsockopt(state.number, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }
    disconnect()
  }

  /// The received bytes that have not been consumed, as text.
  var received: String { String(decoding: state.withLock { $0.received }, as: UTF8.self) }

  /// Waits until the received bytes satisfy a condition, and consumes as many as the condition specifies.
  func take<Result: Sendable>(
    within seconds: Double = 10,
    _ condition: @escaping @Sendable (_ received: [UInt8], _ end: End?) throws -> (taken: Int, result: Result)?
  ) async throws -> Result {
    try await offTheTasksThreads {
      let deadline = DispatchTime.now() + seconds
      while true {
        let found = try self.state.withLock { state in
          let found = try condition(state.received, state.end)
          if let found { state.received.removeFirst(found.taken) }
          return found
        }
        if let found { return found.result }
        guard DispatchTime.now() < deadline else {
          throw Failure(description: "after \(seconds) s only: \(self.received)")
        }
        try self.readMore()
      }
    }
  }

  /// Waits for this text, and consumes everything up to its end.
  @discardableResult
  func take(until text: String, within seconds: Double = 10) async throws -> String {
    try await take(within: seconds) { received, end in
      let all = String(decoding: received, as: UTF8.self)
      if let range = all.firstRange(of: text) {
        let taken = all[..<range.upperBound]
        return (taken.utf8.count, String(taken))
      }
      if let end { throw Failure(description: "\(end) before \"\(text)\" came: \(all)") }
      return nil
    }
  }

  /// Waits for the end of the connection. Earlier bytes can still be inspected.
  func end(within seconds: Double = 10) async throws -> End {
    try await take(within: seconds) { _, end in end.map { (0, $0) } }
  }

  /// Treats all further bytes as the body of a chunked response, and removes its framing.
  func beginChunks() {
    state.withLock { state in
      var chunks = ReceivedChunks()
      state.received = chunks.take(state.received)
      state.chunks = chunks
    }
  }

  /// Treats the bytes after the last chunk as the next response.
  func endChunks() {
    state.withLock { state in
      state.received = state.chunks?.rest ?? []
      state.chunks = nil
    }
  }

  /// Reads what has arrived.
  func lookForMore() { try? readMore() }

  /// Whether the last chunk has arrived.
  var hasLastChunk: Bool { state.withLock { $0.chunks?.isComplete == true } }

  private func readMore() throws {
    let (number, hasEnded) = state.withLock { ($0.number, $0.end != nil) }
    if hasEnded { throw Failure(description: "the connection has ended after: \(received)") }
    var waiting = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    guard poll(&waiting, 1, 20) > 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(number, &buffer, buffer.count, 0)
    state.withLock { state in
      if count > 0 {
        state.received += state.chunks?.take(buffer[..<count]) ?? Array(buffer[..<count])
      } else {
        state.end = count == 0 ? .closed : .reset
      }
    }
  }
}

/// Runs blocking code on a thread that no task uses.
func offTheTasksThreads<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Swift.Result(catching: body)) }
  }
}
