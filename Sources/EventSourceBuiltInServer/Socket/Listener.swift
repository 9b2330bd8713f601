import CEventSourceLinux
import Glibc

/// A listening socket, shared by the threads of one server; closed when the last of them lets go of it.
///
/// One descriptor, so the kernel refuses the port to a second program; with a descriptor per thread (SO_REUSEPORT) it
/// would hand that program a share of the connections.
final class Listener: Sendable {
  /// Nil unless it is a UNIX socket with a path. Before the descriptor, so that the path goes first.
  private let file: UnixSocketFile?
  private let descriptor: Descriptor
  /// Where it listens.
  let address: BoundAddress

  /// The descriptor's number, valid while the listener lives.
  var number: Int32 { descriptor.number }

  /// Opens all sockets of a configuration, the first one first; if one fails, those before it are closed again.
  static func all(of configuration: BuiltInServer.Configuration) throws(BuiltInServerError) -> [Listener] {
    let sockets = configuration.sockets
    var listeners: [Listener] = []
    for socket in sockets { listeners.append(try Listener(socket, beside: sockets, configuration)) }
    return listeners
  }

  /// Binds and listens. Options that every connection needs are set here once: on Linux an accepted socket inherits
  /// them.
  private init(
    _ socket: ListeningSocket, beside others: [ListeningSocket], _ configuration: BuiltInServer.Configuration
  ) throws(BuiltInServerError) {
    switch socket {
    case .descriptor(let given):
      descriptor = try Self.duplicate(given)
      file = nil
      address = Self.boundAddress(of: descriptor.number) ?? BoundAddress(host: configuration.host, port: 0)
    case .unix(let name):
      descriptor = try Self.bindUnixSocket(name)
      file = UnixSocketFile(name)
      address = BoundAddress(unixSocket: name)
      // Between bind and listen somebody else may have taken the name.
      guard listen(descriptor.number, SOMAXCONN) == 0 else { throw Self.failure("listen", socket, errno) }
    case .port(let port, let host):
      descriptor = try Self.bind(port, of: host, takesIPv4: socket.takesIPv4(beside: others))
      file = nil
      address = Self.boundAddress(of: descriptor.number) ?? BoundAddress(host: host, port: port)
    }
    Self.setOptions(of: descriptor.number, configuration)
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
      throw .invalidConfiguration("descriptor \(number) is not a socket that listens")
    }
    let descriptor = try Descriptor(fcntl(number, F_DUPFD_CLOEXEC, 3), from: "fcntl")
    _ = fcntl(descriptor.number, F_SETFL, fcntl(descriptor.number, F_GETFL) | O_NONBLOCK)
    return descriptor
  }

  private static func bind(
    _ port: Int, of host: String, takesIPv4: Bool
  ) throws(BuiltInServerError) -> Descriptor {
    guard let wanted = SocketAddress(host: host, port: port) else { throw .addressNotAvailable(host: host) }
    let place = ListeningSocket.port(port, host: host)
    let descriptor = try open(wanted.family, for: place)
    let number = descriptor.number
    // A port whose last connections are in TIME_WAIT can be had again; one that somebody listens on cannot.
    _ = eventsource_set_reuse_address(number)
    if !wanted.isIPv4 { _ = eventsource_set_dual_stack(number, takesIPv4 ? 1 : 0) }
    // Between bind and listen somebody else may have taken the port, so both can tell.
    guard wanted.withSockaddr({ Glibc.bind(number, $0, $1) }) == 0, listen(number, SOMAXCONN) == 0 else {
      switch errno {
      case EADDRINUSE: throw .portInUse(host: host, port: port)
      case EADDRNOTAVAIL: throw .addressNotAvailable(host: host)
      case EACCES, EPERM: throw .portNotPermitted(host: host, port: port)
      case let number: throw failure("bind", place, number)
      }
    }
    return descriptor
  }

  private static func bindUnixSocket(_ name: String) throws(BuiltInServerError) -> Descriptor {
    let place = ListeningSocket.unix(name)
    guard let wanted = SocketAddress(unix: name) else { throw .unixSocketInUse(name) }
    let descriptor = try open(AF_UNIX, for: place)
    let number = descriptor.number
    var result = wanted.withSockaddr { Glibc.bind(number, $0, $1) }
    if result != 0, errno == EADDRINUSE {
      guard try isAbandoned(name, wanted) else { throw .unixSocketInUse(name) }
      unlink(name)
      result = wanted.withSockaddr { Glibc.bind(number, $0, $1) }
    }
    guard result == 0 else {
      if errno == EADDRINUSE { throw .unixSocketInUse(name) }
      throw failure("bind", place, errno)
    }
    return descriptor
  }

  /// Whether there is a socket at a path on which nobody listens.
  private static func isAbandoned(_ name: String, _ address: SocketAddress) throws(BuiltInServerError) -> Bool {
    var status = stat()
    guard !name.hasPrefix("@"), lstat(name, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
    let probe = try open(AF_UNIX, for: .unix(name))
    return address.withSockaddr { connect(probe.number, $0, $1) } != 0 && errno == ECONNREFUSED
  }

  private static func open(_ family: Int32, for place: ListeningSocket) throws(BuiltInServerError) -> Descriptor {
    let number = eventsource_socket(family)
    guard number >= 0 else { throw failure("socket", place, errno) }
    return Descriptor(owning: number)
  }

  private static func failure(_ call: String, _ place: ListeningSocket, _ number: Int32) -> BuiltInServerError {
    .cannotListen(at: "\(place)", call: call, errno: number)
  }
}
