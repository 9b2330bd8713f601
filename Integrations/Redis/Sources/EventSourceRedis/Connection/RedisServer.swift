/// The address of a server and its credentials.
public struct RedisServer: Sendable, Hashable, CustomStringConvertible {
  /// The ways to reach a server.
  public enum Location: Sendable, Hashable {
    /// By TCP.
    case host(String, port: Int)
    /// By a Unix domain socket.
    case unixSocket(path: String)
    /// As the master named by Sentinels, each with its host and port.
    case sentinels([Sentinel], master: String)
  }

  /// One Sentinel.
  public struct Sentinel: Sendable, Hashable {
    /// The host.
    public var host: String
    /// The port, usually 26379.
    public var port: Int

    /// Creates a Sentinel's address.
    public init(host: String, port: Int = 26_379) {
      self.host = host
      self.port = port
    }
  }

  /// The way to reach the server.
  public var location: Location
  /// The user. `nil` means the default user.
  public var user: String?
  /// The password. `nil` means that there is none. It is never logged.
  public var password: String?
  /// The number of the database.
  public var database = 0

  /// Creates an address.
  public init(_ location: Location, user: String? = nil, password: String? = nil, database: Int = 0) {
    self.location = location
    self.user = user
    self.password = password
    self.database = database
  }

  /// Parses an address.
  ///
  /// - Parameter url: `redis://[[user]:password@]host[:port][/database]`, `redis+unix:/path/to/socket`, or
  ///   `redis+sentinel://[[user]:password@]host[:port][,host[:port]…]/master[/database]`. User and password may be
  ///   percent-encoded. Sentinels are asked without them.
  public init(url: String) throws(RedisHistoryError) {
    if url.hasPrefix("redis+unix:") {
      var path = url.dropFirst("redis+unix:".count)
      if path.hasPrefix("//") { path = path.dropFirst(2) }
      guard !path.isEmpty, path.utf8.count < 104 else {
        throw .invalidAddress("a socket's path has 1 to 103 bytes: \"\(path)\"")
      }
      self.init(.unixSocket(path: String(path)))
      return
    }
    if url.hasPrefix("rediss://") || url.hasPrefix("redis+tls://") {
      throw .noTLS(server: Self.withoutSecrets(url))
    }
    let isSentinel = url.hasPrefix("redis+sentinel://")
    guard isSentinel || url.hasPrefix("redis://") else {
      throw .invalidAddress(
        "\"\(Self.withoutSecrets(url))\" does not begin with redis://, redis+unix: or redis+sentinel://")
    }
    var rest = url.dropFirst(isSentinel ? "redis+sentinel://".count : "redis://".count)
    var user: String?
    var password: String?
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw .invalidAddress("before \"@\" comes \"user:password\" or \":password\"") }
      user = try Self.decoded(parts[0])
      password = try Self.decoded(parts[1])
      if user == "" { user = nil }
      rest = rest[rest.index(after: at)...]
    }
    let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    let hosts = try parts[0].split(separator: ",", omittingEmptySubsequences: false).map {
      host throws(RedisHistoryError) in try Self.host(host, usualPort: isSentinel ? 26_379 : 6_379)
    }
    var database = parts.count > (isSentinel ? 2 : 1) ? parts[isSentinel ? 2 : 1] : ""
    if database.isEmpty { database = "0" }
    guard parts.count <= (isSentinel ? 3 : 2), let number = Int(database), (0...1_000_000).contains(number) else {
      throw .invalidAddress("the database is a number: \"\(Self.withoutSecrets(url))\"")
    }
    if isSentinel {
      guard parts.count > 1, !parts[1].isEmpty else {
        throw .invalidAddress(
          "behind the Sentinels comes the master's name, as in redis+sentinel://host:26379/mymaster")
      }
      self.init(
        .sentinels(hosts.map { Sentinel(host: $0.0, port: $0.1) }, master: parts[1]), user: user, password: password,
        database: number)
    } else {
      guard hosts.count == 1 else { throw .invalidAddress("one address names one server") }
      self.init(.host(hosts[0].0, port: hosts[0].1), user: user, password: password, database: number)
    }
  }

  /// Checks an address that may not come from a URL.
  func validate() throws(RedisHistoryError) {
    func check(_ host: String, _ port: Int) throws(RedisHistoryError) {
      guard !host.isEmpty, (1...65_535).contains(port) else {
        throw .invalidAddress("\"\(host):\(port)\" is not a host and a port")
      }
    }
    switch location {
    case .host(let host, let port): try check(host, port)
    case .unixSocket(let path):
      guard (1..<104).contains(path.utf8.count) else {
        throw .invalidAddress("a socket's path has 1 to 103 bytes: \"\(path)\"")
      }
    case .sentinels(let sentinels, let master):
      guard !sentinels.isEmpty, !master.isEmpty else {
        throw .invalidAddress("a master needs a name and at least one Sentinel")
      }
      for sentinel in sentinels { try check(sentinel.host, sentinel.port) }
    }
    guard database >= 0 else { throw .invalidAddress("the database is \(database)") }
    guard user == nil || password != nil else { throw .invalidAddress("a user needs a password") }
  }

  /// The address without user and password.
  public var description: String {
    switch location {
    case .host(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .unixSocket(let path): path
    case .sentinels(_, let master): "master \"\(master)\""
    }
  }

  private static func host(_ text: Substring, usualPort: Int) throws(RedisHistoryError) -> (String, Int) {
    var host = text
    var port: Substring?
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { throw .invalidAddress("\"\(text)\" has no closing bracket") }
      host = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard rest.isEmpty || rest.hasPrefix(":") else { throw .invalidAddress("\"\(text)\" is not a host and a port") }
      if !rest.isEmpty { port = rest.dropFirst() }
    } else if let colon = text.lastIndex(of: ":") {
      host = text[..<colon]
      port = text[text.index(after: colon)...]
    }
    guard let number = port.map({ Int($0) }) ?? usualPort, (1...65_535).contains(number), !host.isEmpty else {
      throw .invalidAddress("\"\(text)\" is not a host and a port")
    }
    return (String(host), number)
  }

  private static func decoded(_ text: Substring) throws(RedisHistoryError) -> String {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let value = UInt8(String(Substring(rest.prefix(2))), radix: 16), rest.count >= 2 else {
        throw .invalidAddress("\"%\" in a user or password is followed by two hexadecimal digits")
      }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func withoutSecrets(_ url: String) -> String {
    guard let at = url.lastIndex(of: "@"), let scheme = url.range(of: "://") else { return url }
    return url[..<scheme.upperBound] + "…" + url[at...]
  }
}

extension StringProtocol {
  /// Returns the range of a text, without Foundation.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
