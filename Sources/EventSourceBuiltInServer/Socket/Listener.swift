import CEventSourceLinux
import Glibc

/// A listening socket, shared by the threads of one server; closed when the last of them lets go of it.
///
/// One descriptor, so the kernel refuses the port to a second program; with a descriptor per thread (SO_REUSEPORT) it
/// would hand that program a share of the connections.
final class Listener: Sendable {
  private let descriptor: Descriptor
  /// The path of a UNIX socket, which goes with the listener.
  private let unixFile: String?
  /// Where it listens.
  let address: BoundAddress

  /// The descriptor's number, valid while the listener lives.
  var number: Int32 { descriptor.number }

  /// Binds and listens. Options that every connection needs are set here once: on Linux an accepted socket inherits
  /// them.
  init(_ configuration: BuiltInServer.Configuration) throws(BuiltInServerError) {
    let (host, port) = (configuration.host, configuration.port)
    if let given = configuration.listeningDescriptor {
      descriptor = try Self.duplicate(given)
      unixFile = nil
      Self.setOptions(of: descriptor.number, configuration)
      address = Self.boundAddress(of: descriptor.number) ?? BoundAddress(host: host, port: port)
      return
    }
    if let name = configuration.unixSocket {
      descriptor = try Self.bindUnixSocket(name)
      unixFile = name.hasPrefix("@") ? nil : name
      Self.setOptions(of: descriptor.number, configuration)
      address = BoundAddress(unixSocket: name)
      return
    }
    guard let wanted = SocketAddress(host: host, port: port) else { throw .addressNotAvailable(host: host) }
    descriptor = try Descriptor(eventsource_socket(wanted.family), from: "socket")
    unixFile = nil
    let number = descriptor.number
    // A port whose last connections are in TIME_WAIT can be had again; one that somebody listens on cannot.
    _ = eventsource_set_reuse_address(number)
    if wanted.family == AF_INET6 { _ = eventsource_set_dual_stack(number) }
    Self.setOptions(of: number, configuration)
    // Between bind and listen somebody else may have taken the port, so both can tell.
    guard wanted.withSockaddr({ bind(number, $0, $1) }) == 0, listen(number, SOMAXCONN) == 0 else {
      switch errno {
      case EADDRINUSE: throw .portInUse(host: host, port: port)
      case EADDRNOTAVAIL: throw .addressNotAvailable(host: host)
      case EACCES, EPERM: throw .portNotPermitted(host: host, port: port)
      case let number: throw .system(call: "bind", errno: number)
      }
    }
    address = Self.boundAddress(of: number) ?? BoundAddress(host: host, port: port)
  }

  deinit {
    if let unixFile { unlink(unixFile) }
  }

  /// Those of TCP mean nothing to a UNIX socket.
  private static func setOptions(of number: Int32, _ configuration: BuiltInServer.Configuration) {
    _ = eventsource_set_no_delay(number)
    _ = eventsource_set_peer_timeout(number, Int32(configuration.peerTimeout.components.seconds))
    if let bytes = configuration.sendBufferBytes { _ = eventsource_set_send_buffer(number, Int32(bytes)) }
  }

  private static func boundAddress(of number: Int32) -> BoundAddress? {
    guard let bound = SocketAddress.local(of: number) else { return nil }
    if let name = bound.unixName { return BoundAddress(unixSocket: name) }
    return bound.host.map { BoundAddress(host: $0, port: bound.port) }
  }

  private static func duplicate(_ number: Int32) throws(BuiltInServerError) -> Descriptor {
    var isListening: Int32 = 0
    var length = socklen_t(4)
    guard getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0, isListening == 1 else {
      throw .invalidConfiguration("listeningDescriptor is \(number), which is not a socket that listens")
    }
    let descriptor = try Descriptor(fcntl(number, F_DUPFD_CLOEXEC, 3), from: "fcntl")
    _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
    return descriptor
  }

  private static func bindUnixSocket(_ name: String) throws(BuiltInServerError) -> Descriptor {
    guard let wanted = SocketAddress(unix: name) else { throw .unixSocketInUse(name) }
    let descriptor = try Descriptor(eventsource_socket(AF_UNIX), from: "socket")
    let number = descriptor.number
    var result = wanted.withSockaddr { bind(number, $0, $1) }
    if result != 0, errno == EADDRINUSE, try isAbandoned(name, wanted) {
      unlink(name)
      result = wanted.withSockaddr { bind(number, $0, $1) }
    }
    guard result == 0, listen(number, SOMAXCONN) == 0 else {
      if errno == EADDRINUSE { throw .unixSocketInUse(name) }
      throw .system(call: "bind", errno: errno)
    }
    return descriptor
  }

  /// Whether there is a socket at a path on which nobody listens.
  private static func isAbandoned(_ name: String, _ address: SocketAddress) throws(BuiltInServerError) -> Bool {
    var status = stat()
    guard !name.hasPrefix("@"), lstat(name, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
    let probe = try Descriptor(eventsource_socket(AF_UNIX), from: "socket")
    return address.withSockaddr { connect(probe.number, $0, $1) } != 0 && errno == ECONNREFUSED
  }
}
