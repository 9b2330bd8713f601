/// A place to listen at: one of ``BuiltInServer/Configuration/additionalSockets``.
public enum ListeningSocket: Sendable, Hashable, CustomStringConvertible {
  /// A port of an IPv4 or IPv6 address, or of `localhost`, which is 127.0.0.1. Port 0 lets the system choose one, for
  /// each socket its own.
  case port(Int, host: String)
  /// The path of a UNIX socket, or behind an `@` a name in the abstract namespace.
  case unix(String)
  /// A socket that somebody has bound and listens on already. The server uses a duplicate.
  case descriptor(Int32)

  /// `127.0.0.1:8080`, `[::1]:8080`, `unix:` and a name, or `descriptor 3`.
  public var description: String {
    switch self {
    case .port(let port, let host): BoundAddress(host: host, port: port).description
    case .unix(let name): "unix:\(escapingControls(name))"
    case .descriptor(let number): "descriptor \(number)"
    }
  }

  func validate(_ property: String) throws(BuiltInServerError) {
    switch self {
    case .port(let port, let host):
      if host.isEmpty { throw .invalidConfiguration("\(property): host is empty") }
      guard (0...65_535).contains(port) else {
        throw .invalidConfiguration("\(property): port is \(port), not 0 to 65535")
      }
    case .unix(let name):
      guard SocketAddress(unix: name) != nil else {
        throw .invalidConfiguration("\(property): unixSocket is empty, too long, or has a NUL")
      }
    case .descriptor: break
    }
  }

  /// Whether this is a port of IPv4, and which.
  fileprivate var ipv4Port: Int? {
    guard case .port(let port, let host) = self, SocketAddress(host: host, port: port)?.isIPv4 == true else {
      return nil
    }
    return port
  }

  /// Whether this socket takes connections over IPv4, too, if it is one of IPv6: not if another one of the same server
  /// has that port there.
  func takesIPv4(beside others: [ListeningSocket]) -> Bool {
    guard case .port(let port, _) = self else { return false }
    return !others.contains { $0.ipv4Port == port }
  }
}
