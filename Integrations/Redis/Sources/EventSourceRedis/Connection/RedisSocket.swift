import Glibc

/// A non-blocking stream socket. Its one owner closes it by releasing it.
struct RedisSocket: ~Copyable {
  let descriptor: Int32

  enum Outcome: Equatable {
    case bytes(Int)
    case wouldBlock
    case closed(String)
  }

  /// A socket that is connecting, and the index of the host's next address, or `nil` if there is none.
  struct Attempt {
    let descriptor: Int32
    let nextAddress: Int?
  }

  /// Begins to connect. Resolving a name can block, so do not call it on the cooperative pool.
  ///
  /// - Parameter index: The index of the first address to try, because a name may have several.
  static func connect(to location: RedisServer.Location, fromAddress index: Int) -> Result<Attempt, SocketFailure> {
    switch location {
    case .unixSocket(let path): return connectUnix(path).map { Attempt(descriptor: $0, nextAddress: nil) }
    case .host(let host, let port): return connectTCP(host, port, index)
    case .sentinels: return .failure(SocketFailure(reason: "Sentinels are asked first"))
    }
  }

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Returns the reason why connecting failed, or `nil` if it did not.
  borrowing func connectionError() -> String? {
    var error: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) == 0 else {
      return String(cString: strerror(errno))
    }
    return error == 0 ? nil : String(cString: strerror(error))
  }

  /// Makes the system discard unsent bytes when the socket is closed, so that a server does not get them much later.
  borrowing func discardUnsent() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
  }

  borrowing func read(into buffer: UnsafeMutableRawBufferPointer) -> Outcome {
    let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
    if count > 0 { return .bytes(count) }
    if count == 0 { return .closed("the server closed the connection") }
    return Self.outcome()
  }

  borrowing func write(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    let count = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    return count >= 0 ? .bytes(count) : Self.outcome()
  }

  private static func outcome() -> Outcome {
    errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? .wouldBlock : .closed(String(cString: strerror(errno)))
  }

  private static func makeSocket(_ family: Int32) -> Int32 {
    let descriptor = socket(family, Int32(SOCK_STREAM.rawValue), 0)
    if descriptor >= 0 {
      _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
    return descriptor
  }

  private static func begin(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ size: socklen_t)
    -> Result<Int32, SocketFailure>
  {
    let result = Glibc.connect(descriptor, address, size)
    guard result != 0, errno != EINPROGRESS else { return .success(descriptor) }
    let reason = String(cString: strerror(errno))
    close(descriptor)
    return .failure(SocketFailure(reason: reason))
  }

  private static func connectUnix(_ path: String) -> Result<Int32, SocketFailure> {
    let descriptor = makeSocket(AF_UNIX)
    guard descriptor >= 0 else { return .failure(SocketFailure(reason: String(cString: strerror(errno)))) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        begin(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  private static func connectTCP(_ host: String, _ port: Int, _ first: Int) -> Result<Attempt, SocketFailure> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    guard status == 0, let addresses = found else {
      return .failure(SocketFailure(reason: String(cString: gai_strerror(status))))
    }
    defer { freeaddrinfo(addresses) }
    var failure = SocketFailure(reason: "the name has no address")
    var next: UnsafeMutablePointer<addrinfo>? = addresses
    var index = -1
    while let info = next {
      next = info.pointee.ai_next
      index += 1
      guard index >= first else { continue }
      let descriptor = makeSocket(info.pointee.ai_family)
      guard descriptor >= 0, let address = info.pointee.ai_addr else { continue }
      var isOn: Int32 = 1
      setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
      switch begin(descriptor, address, info.pointee.ai_addrlen) {
      case .success(let descriptor):
        return .success(Attempt(descriptor: descriptor, nextAddress: next == nil ? nil : index + 1))
      case .failure(let error): failure = error
      }
    }
    return .failure(failure)
  }
}

struct SocketFailure: Error {
  let reason: String
}
