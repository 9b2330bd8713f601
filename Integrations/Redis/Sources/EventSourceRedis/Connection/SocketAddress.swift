import Glibc

/// One address of a host, with a port.
struct SocketAddress {
  let family: Int32
  private let bytes: [UInt8]

  private init(_ info: addrinfo) {
    family = info.ai_family
    bytes = Array(UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen)))
  }

  /// Returns the addresses of a host, in the order in which to try them. Can block.
  static func resolve(_ host: String, _ port: Int) -> Result<[SocketAddress], SocketFailure> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(host, String(port), &hints, &found)
    guard status == 0, let found else { return .failure(SocketFailure(reason: String(cString: gai_strerror(status)))) }
    defer { freeaddrinfo(found) }
    var addresses: [SocketAddress] = []
    var next: UnsafeMutablePointer<addrinfo>? = found
    while let info = next?.pointee {
      if info.ai_addr != nil { addresses.append(SocketAddress(info)) }
      next = info.ai_next
    }
    return .success(addresses)
  }

  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    // Copied to where every kind of address is aligned.
    var storage = sockaddr_storage()
    return withUnsafeMutableBytes(of: &storage) { memory in
      memory.copyBytes(from: bytes.prefix(memory.count))
      return body(memory.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(min(bytes.count, memory.count)))
    }
  }
}
