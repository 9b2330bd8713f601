/// An address that a server listens on.
public struct ListeningAddress: Sendable, Hashable, CustomStringConvertible {
  /// The numeric address, such as `127.0.0.1` or `::1`.
  public var host: String
  /// The port, which the system chose if 0 was configured. 0 for a UNIX socket.
  public var port: Int
  /// The path of a UNIX socket, or `@` and its abstract name. `nil` for a port.
  public var unixSocket: String?

  /// Creates an address.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  init(unixSocket: String) {
    self.init(host: "localhost", port: 0)
    self.unixSocket = unixSocket
  }

  /// The authority of a URL, such as `127.0.0.1:8080` or `[::1]:8080`. For a UNIX socket, `unix:` and its name.
  public var description: String {
    if let unixSocket { return "unix:\(unixSocket)" }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }

  /// The URL without a slash at the end, such as `http://127.0.0.1:8080`. A UNIX socket has no URL.
  public var url: String { "http://\(self)" }
}
