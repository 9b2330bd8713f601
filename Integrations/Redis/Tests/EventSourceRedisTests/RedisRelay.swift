import EventSourceRedis
import Foundation
import Synchronization

/// A relay in front of a server, on a port of 127.0.0.1. It can swallow bytes: both sides keep their connections and
/// receive nothing.
final class RedisRelay: Sendable {
  enum Direction {
    case toServer, toClient
  }

  private final class Pair {
    let client: Int32
    let server: Int32
    /// The beginning of what the client has sent.
    var sent: [UInt8] = []
    var swallowed: Set<Direction>

    init(_ client: Int32, _ server: Int32, swallowed: Set<Direction>) {
      (self.client, self.server, self.swallowed) = (client, server, swallowed)
    }
  }

  private struct State {
    var swallowed: Set<Direction> = []
    /// Words of connections to silence.
    var silenced: [String] = []
    var isOver = false
  }

  let port: Int
  private let target: RedisServer.Location
  private let listener: Int32
  private let state = Mutex(State())

  init(to process: RedisProcess) {
    target = process.server.location
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        precondition(bind(listener, address, size) == 0 && listen(listener, 64) == 0, "no port is free")
        getsockname(listener, address, &size)
      }
      return Int(UInt16(bigEndian: pointer.pointee.sin_port))
    }
    Thread { [self] in run() }.start()
  }

  var server: RedisServer { RedisServer(.host("127.0.0.1", port: port)) }

  /// Swallows the bytes of all connections in these directions, until ``heal()``. Connections that exist then stay
  /// silent, because a part of their bytes is missing.
  func swallow(_ directions: Set<Direction>) { state.withLock { $0.swallowed = directions } }

  func heal() { state.withLock { $0.swallowed = [] } }

  /// Swallows both directions of the existing connections whose client has sent a word.
  func silence(connectionsThatSent word: String) { state.withLock { $0.silenced.append(word) } }

  func end() { state.withLock { $0.isOver = true } }

  private func run() {
    var pairs: [Pair] = []
    defer {
      for pair in pairs {
        close(pair.client)
        close(pair.server)
      }
      close(listener)
    }
    while !state.withLock({ $0.isOver }) {
      var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
      for pair in pairs {
        polled.append(pollfd(fd: pair.client, events: Int16(POLLIN), revents: 0))
        polled.append(pollfd(fd: pair.server, events: Int16(POLLIN), revents: 0))
      }
      guard poll(&polled, nfds_t(polled.count), 10) >= 0 else { continue }
      let swallowed = state.withLock { state in
        for pair in pairs {
          pair.swallowed.formUnion(state.swallowed)
          let sent = String(decoding: pair.sent, as: UTF8.self)
          if state.silenced.contains(where: { sent.contains($0) }) { pair.swallowed = [.toServer, .toClient] }
        }
        state.silenced = []
        return state.swallowed
      }
      let existing = pairs
      pairs = []
      for (index, pair) in existing.enumerated() {
        let isOpen =
          (polled[1 + 2 * index].revents == 0 || pass(pair.client, pair.server, pair, .toServer))
          && (polled[2 + 2 * index].revents == 0 || pass(pair.server, pair.client, pair, .toClient))
        if isOpen {
          pairs.append(pair)
        } else {
          close(pair.client)
          close(pair.server)
        }
      }
      if polled[0].revents != 0 {
        let client = accept(listener, nil, nil)
        let server = connect()
        if server >= 0 { pairs.append(Pair(client, server, swallowed: swallowed)) } else { close(client) }
      }
    }
  }

  /// Passes what is there, unless it is swallowed. Returns `false` at the end.
  private func pass(_ from: Int32, _ to: Int32, _ pair: Pair, _ direction: Direction) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = recv(from, &bytes, bytes.count, 0)
    guard count > 0 else { return false }
    if direction == .toServer, pair.sent.count < 1 << 16 { pair.sent += bytes[..<count] }
    guard !pair.swallowed.contains(direction) else { return true }
    return send(to, bytes, count, Int32(MSG_NOSIGNAL)) == count
  }

  private func connect() -> Int32 {
    switch target {
    case .host(_, let port):
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      address.sin_port = UInt16(port).bigEndian
      return open(AF_INET, &address, MemoryLayout<sockaddr_in>.size)
    case .unixSocket(let path):
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      return open(AF_UNIX, &address, MemoryLayout<sockaddr_un>.size)
    case .sentinels: return -1
    }
  }

  private func open(_ family: Int32, _ address: UnsafeRawPointer, _ size: Int) -> Int32 {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    guard Glibc.connect(descriptor, address.assumingMemoryBound(to: sockaddr.self), socklen_t(size)) == 0 else {
      close(descriptor)
      return -1
    }
    return descriptor
  }
}
