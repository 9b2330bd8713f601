import Foundation
import Glibc
import Synchronization

/// A server on a socket that follows a test's scripts, byte by byte: one script for each connection, and the last one
/// for all further connections. It blocks, on its own threads, which end with it.
final class ScriptedServer: Sendable {
  typealias Script = @Sendable (Connection) throws -> Void

  struct Broken: Error {}

  let port: Int
  private let listener: Int32
  private let scripts: [Script]
  private let isIPv6: Bool
  private struct State {
    var open: Set<Int32> = []
    var threads = 0
    var accepted = 0
    var written = 0
    var requests: [Request] = []
    var isStopped = false
  }
  private let state = Mutex(State())
  private let ended = DispatchGroup()

  /// A request as received.
  struct Request: Sendable {
    var line: String
    var fields: [(name: String, value: String)]
    var body: [UInt8]
    var path: String { String(line.split(separator: " ")[1]) }
    var method: String { String(line.split(separator: " ")[0]) }
    func values(of name: String) -> [String] {
      fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
    }
  }

  convenience init(_ scripts: Script...) throws { try self.init(scripts, isIPv6: false) }

  /// Starts a server on the loopback address of IPv4 or IPv6.
  init(_ scripts: [Script], isIPv6: Bool) throws {
    self.scripts = scripts
    self.isIPv6 = isIPv6
    let family = isIPv6 ? AF_INET6 : AF_INET
    listener = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    // Both address types have the port at the same offset.
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(family)
    address.sin6_addr = in6addr_loopback
    var length = socklen_t(isIPv6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size)
    if !isIPv6 {
      withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          $0.pointee.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        }
      }
    }
    let fd = listener
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(fd, $0, length) == 0 && getsockname(fd, $0, &length) == 0
      }
    }
    guard bound, listen(listener, 1024) == 0 else { throw Broken() }
    port = Int(UInt16(bigEndian: address.sin6_port))
    run { [self] in accept() }
  }

  deinit { stop() }

  var url: URL { URL(string: "http://\(isIPv6 ? "[::1]" : "127.0.0.1"):\(port)/stream")! }
  var requests: [Request] { state.withLock { $0.requests } }
  var openConnections: Int { state.withLock { $0.open.count } }
  /// The number of bytes that its connections have accepted.
  var written: Int { state.withLock { $0.written } }
  var accepted: Int { state.withLock { $0.accepted } }

  /// Ends all connections and threads.
  func stop() {
    let isFirst = state.withLock { state in
      defer { state.isStopped = true }
      // The threads close their own descriptors.
      for fd in state.open { shutdown(fd, Int32(SHUT_RDWR)) }
      return !state.isStopped
    }
    guard isFirst else { return }
    shutdown(listener, Int32(SHUT_RDWR))
    ended.wait()
    close(listener)
  }

  private func run(_ body: @escaping @Sendable () -> Void) {
    ended.enter()
    let ended = ended
    Thread.detachNewThread {
      body()
      ended.leave()
    }
  }

  private func accept() {
    while true {
      let fd = Glibc.accept(listener, nil, nil)
      if fd < 0, errno == EINTR { continue }
      guard fd >= 0 else { return }
      let number = state.withLock { state -> Int? in
        guard !state.isStopped else { return nil }
        state.open.insert(fd)
        state.accepted += 1
        return state.accepted
      }
      guard let number else {
        close(fd)
        continue
      }
      let script = scripts[min(number, scripts.count) - 1]
      run { [self] in
        try? script(Connection(fd: fd, number: number, server: self))
        state.withLock { _ = $0.open.remove(fd) }
        close(fd)
      }
    }
  }

  /// One connection, as seen by its script.
  struct Connection: Sendable {
    fileprivate let fd: Int32
    let number: Int
    fileprivate let server: ScriptedServer

    /// Reads a request and its body.
    @discardableResult
    func request() throws -> Request {
      var head: [UInt8] = []
      while !head.reversed().starts(with: [10, 13, 10, 13]) { head.append(try byte()) }
      let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n").map(String.init)
      let fields = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
        guard let colon = line.firstIndex(of: ":") else { return nil }
        return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
      }
      var request = Request(line: lines[0], fields: fields, body: [])
      let length = request.values(of: "Content-Length").first.flatMap { Int($0) } ?? 0
      for _ in 0..<length { request.body.append(try byte()) }
      server.state.withLock { $0.requests.append(request) }
      return request
    }

    private func byte() throws -> UInt8 {
      var byte: UInt8 = 0
      while true {
        let count = recv(fd, &byte, 1, 0)
        if count < 0, errno == EINTR { continue }
        guard count == 1 else { throw Broken() }
        return byte
      }
    }

    func write(_ text: String) throws { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw Broken() }
        rest = rest.dropFirst(count)
        server.state.withLock { $0.written += count }
      }
    }

    /// Writes the head of a stream that ends with the connection.
    func head(_ more: String = "") throws {
      try write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\(more)Connection: close\r\n\r\n")
    }

    func status(_ status: String, _ more: String = "", body: String = "") throws {
      try write("HTTP/1.1 \(status)\r\n\(more)Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)")
    }

    /// Returns when the peer has closed the connection.
    func untilClosed() throws {
      while true { _ = try byte() }
    }

    /// Ends the connection with a reset.
    func reset() {
      var linger = linger(l_onoff: 1, l_linger: 0)
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    }
  }
}
