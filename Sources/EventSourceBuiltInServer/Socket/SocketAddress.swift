import Glibc

/// An IPv4 or IPv6 address and a port, or a UNIX socket's name, as the system calls want it.
struct SocketAddress {
  private var storage = sockaddr_storage()
  private var length: socklen_t

  /// Parses a literal, or `localhost`; nil for anything else. No name is looked up.
  init?(host: String, port: Int) {
    let host = host == "localhost" ? "127.0.0.1" : host
    let port = in_port_t(truncatingIfNeeded: port).bigEndian
    var ipv4 = sockaddr_in()
    var ipv6 = sockaddr_in6()
    if inet_pton(AF_INET, host, &ipv4.sin_addr) == 1 {
      ipv4.sin_family = sa_family_t(AF_INET)
      ipv4.sin_port = port
      length = socklen_t(MemoryLayout<sockaddr_in>.size)
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: ipv4, as: sockaddr_in.self) }
    } else if inet_pton(AF_INET6, host, &ipv6.sin6_addr) == 1 {
      ipv6.sin6_family = sa_family_t(AF_INET6)
      ipv6.sin6_port = port
      length = socklen_t(MemoryLayout<sockaddr_in6>.size)
      withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: ipv6, as: sockaddr_in6.self) }
    } else {
      return nil
    }
  }

  /// A UNIX socket: a path, or behind an `@` a name in the abstract namespace; nil if it is empty, too long, or has a
  /// NUL.
  init?(unix name: String) {
    let isAbstract = name.utf8.first == UInt8(ascii: "@")
    let bytes = Array((isAbstract ? name.dropFirst() : name[...]).utf8)
    var address = sockaddr_un()
    let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
    guard !bytes.isEmpty, bytes.count <= capacity, !bytes.contains(0) else { return nil }
    address.sun_family = sa_family_t(AF_UNIX)
    // An abstract name begins with a NUL, and its length is all that ends it.
    withUnsafeMutableBytes(of: &address.sun_path) { path in
      UnsafeMutableRawBufferPointer(rebasing: path[(isAbstract ? 1 : 0)...]).copyBytes(from: bytes)
    }
    length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + 1)
    withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_un.self) }
  }

  /// The name of a UNIX socket, with an `@` before an abstract one; nil for any other.
  var unixName: String? {
    guard family == AF_UNIX else { return nil }
    return withUnsafeBytes(of: storage) { bytes in
      let path = bytes[MemoryLayout<sa_family_t>.size..<Int(length)]
      let isAbstract = path.first == 0
      let name = isAbstract ? path.dropFirst() : path.prefix { $0 != 0 }
      return (isAbstract ? "@" : "") + String(decoding: name, as: UTF8.self)
    }
  }

  /// The address of the socket's own end; nil if the system does not tell.
  static func local(of descriptor: Int32) -> SocketAddress? { SocketAddress(descriptor, getsockname) }

  /// The address of the other end; nil if it has gone.
  static func peer(of descriptor: Int32) -> SocketAddress? { SocketAddress(descriptor, getpeername) }

  private init?(
    _ descriptor: Int32,
    _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) {
    var filled = sockaddr_storage()
    var count = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &filled) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &count) }
    }
    guard result == 0 else { return nil }
    storage = filled
    length = count
  }

  var isIPv4: Bool { family == AF_INET }

  /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
  var family: Int32 { Int32(storage.ss_family) }

  /// The port.
  var port: Int {
    withUnsafeBytes(of: storage) { bytes in
      Int(bytes.loadUnaligned(fromByteOffset: 2, as: in_port_t.self).bigEndian)
    }
  }

  /// The address as numbers; an IPv4 address that came over an IPv6 socket (`::ffff:192.0.2.7`) in IPv4's form.
  var host: String? {
    let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer -> String? in
      withUnsafeBytes(of: storage) { bytes in
        let address = bytes.baseAddress! + (family == AF_INET ? 4 : 8)
        return inet_ntop(family, address, buffer.baseAddress!, socklen_t(buffer.count)).map { String(cString: $0) }
      }
    }
    guard let text, text.hasPrefix("::ffff:"), text.contains(".") else { return text }
    return String(text.dropFirst(7))
  }

  /// Calls `body` with what `bind` and `connect` want.
  func withSockaddr<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }
}
