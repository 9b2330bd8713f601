/// The connections of a loop by descriptor: an array with 8 bytes per descriptor up to the highest.
struct ConnectionTable {
  private var connections: [Connection?] = []
  /// The number of connections.
  private(set) var count = 0

  /// The connection that a token identifies, or `nil` if it was closed.
  subscript(token: ConnectionToken) -> Connection? {
    let index = Int(token.descriptor)
    guard connections.indices.contains(index), let connection = connections[index], connection.token == token else {
      return nil
    }
    return connection
  }

  /// The connection with this descriptor.
  subscript(descriptor: Int) -> Connection? { connections.indices.contains(descriptor) ? connections[descriptor] : nil }

  mutating func insert(_ connection: Connection) {
    let index = Int(connection.token.descriptor)
    while index >= connections.count { connections.append(nil) }
    connections[index] = connection
    count += 1
  }

  mutating func remove(_ token: ConnectionToken) {
    guard self[token] != nil else { return }
    connections[Int(token.descriptor)] = nil
    count -= 1
  }

  /// All connections. Linear, so only for use once in a server's life.
  var all: [Connection] { connections.compactMap(\.self) }
}
