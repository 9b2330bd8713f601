#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A blocking TCP connection to 127.0.0.1 that can also read slowly and disconnect abruptly. Use it on one thread at a
/// time.
final class ClientSocket {
  private let descriptor: Int32
  private var isClosed = false

  /// Connects. Every wait on the socket ends with a violation after 30 seconds.
  init(port: Int, receiveBuffer: Int? = nil) throws {
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { throw ContractViolation("no socket: errno \(errno)") }
    if let receiveBuffer { set(SO_RCVBUF, Int32(receiveBuffer)) }
    set(SO_RCVTIMEO, timeval(tv_sec: 30, tv_usec: 0))
    set(SO_SNDTIMEO, timeval(tv_sec: 30, tv_usec: 0))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close()
      throw ContractViolation("cannot connect to port \(port): errno \(errno)")
    }
  }

  deinit { close() }

  func send(_ text: String) throws {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { platformSend(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw ContractViolation("the server accepted no more of a request: errno \(errno)") }
      rest = rest.dropFirst(count)
    }
  }

  /// Returns up to `most` bytes. An empty result means that the server has closed the connection.
  func receive(_ most: Int = 65536) throws -> [UInt8] {
    var error: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: most) { memory, count in
      let result = recv(descriptor, memory.baseAddress, most, 0)
      error = result < 0 ? errno : 0
      count = max(result, 0)
    }
    if error == EAGAIN { throw ContractViolation("no bytes arrived for 30 seconds") }
    return bytes
  }

  /// Closes the sending side.
  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes the connection in both directions, which ends a waiting read. Call this on any thread.
  func shutDown() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Disconnects with a reset.
  func reset() {
    set(SO_LINGER, linger(l_onoff: 1, l_linger: 0))
    close()
  }

  /// Disconnects.
  func close() {
    guard !isClosed else { return }
    isClosed = true
    platformClose(descriptor)
  }

  private func set<Value>(_ option: Int32, _ value: Value) {
    withUnsafeBytes(of: value) {
      _ = setsockopt(descriptor, SOL_SOCKET, option, $0.baseAddress, socklen_t($0.count))
    }
  }
}

private func platformClose(_ descriptor: Int32) { _ = close(descriptor) }

private func platformSend(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  #if canImport(Darwin)
    send(descriptor, bytes, count, 0)
  #else
    send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
  #endif
}
