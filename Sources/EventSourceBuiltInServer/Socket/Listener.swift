import CEventSourceLinux
import Glibc

/// A listening socket, shared by the threads of one server; closed when the last of them lets go of it.
///
/// One descriptor, so the kernel refuses the port to a second program; with a descriptor per thread (SO_REUSEPORT) it
/// would hand that program a share of the connections.
final class Listener: Sendable {
  private let descriptor: Descriptor
  /// Where it listens.
  let address: BoundAddress

  /// The descriptor's number, valid while the listener lives.
  var number: Int32 { descriptor.number }

  /// Binds and listens. Options that every connection needs are set here once: on Linux an accepted socket inherits
  /// them.
  init(_ configuration: BuiltInServer.Configuration) throws(BuiltInServerError) {
    let (host, port) = (configuration.host, configuration.port)
    guard let wanted = SocketAddress(host: host, port: port) else { throw .addressNotAvailable(host: host) }
    descriptor = try Descriptor(eventsource_socket(wanted.family), from: "socket")
    let number = descriptor.number
    // A port whose last connections are in TIME_WAIT can be had again; one that somebody listens on cannot.
    _ = eventsource_set_reuse_address(number)
    if wanted.family == AF_INET6 { _ = eventsource_set_dual_stack(number) }
    _ = eventsource_set_no_delay(number)
    _ = eventsource_set_peer_timeout(number, Int32(configuration.peerTimeout.components.seconds))
    if let bytes = configuration.sendBufferBytes { _ = eventsource_set_send_buffer(number, Int32(bytes)) }
    // Between bind and listen somebody else may have taken the port, so both can tell.
    guard wanted.withSockaddr({ bind(number, $0, $1) }) == 0, listen(number, SOMAXCONN) == 0 else {
      switch errno {
      case EADDRINUSE: throw .portInUse(host: host, port: port)
      case EADDRNOTAVAIL: throw .addressNotAvailable(host: host)
      case EACCES, EPERM: throw .portNotPermitted(host: host, port: port)
      case let number: throw .system(call: "bind", errno: number)
      }
    }
    let bound = SocketAddress.local(of: number)
    address = BoundAddress(host: bound?.host ?? host, port: bound?.port ?? port)
  }
}
