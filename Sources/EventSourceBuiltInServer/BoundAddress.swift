/// Where a server listens.
public struct BoundAddress: Sendable, Hashable, CustomStringConvertible {
  /// The address as numbers: `127.0.0.1`, `::1`.
  public var host: String
  /// The port, which the system chose if 0 was asked for.
  public var port: Int

  /// Makes an address.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// `127.0.0.1:8080`, or `[::1]:8080`: the authority of a URL.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  /// `http://127.0.0.1:8080`, without a slash at the end.
  public var url: String { "http://\(self)" }
}
