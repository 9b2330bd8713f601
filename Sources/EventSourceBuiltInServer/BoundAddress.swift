/// Where a server listens.
public struct ListeningAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address as numbers: `127.0.0.1`, `::1`.
  public var host: String
  /// The port, which the system chose if 0 was asked for; 0 for a UNIX socket.
  public var port: Int
  /// The path of a UNIX socket, or its abstract name behind an `@`; nil for a port.
  public var unixSocket: String?

  /// Makes an address.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  init(unixSocket: String) {
    self.init(host: "localhost", port: 0)
    self.unixSocket = unixSocket
  }

  /// `127.0.0.1:8080`, or `[::1]:8080`: the authority of a URL; of a UNIX socket, `unix:` and its name.
  public var description: String {
    if let unixSocket { return "unix:\(unixSocket)" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// `http://127.0.0.1:8080`, without a slash at the end. A UNIX socket has no URL.
  public var url: String { "http://\(self)" }
}
