/// Names one connection of one loop: its descriptor and, because descriptors are used again, its registration number.
///
/// It goes through epoll as 64 bits. An event of a connection that was closed in the same round, or a response that
/// comes after its connection, finds another registration number behind the descriptor, and is dropped.
struct ConnectionToken: Sendable, Hashable {
  let descriptor: Int32
  /// From 1; 0 is for what is not a connection.
  let registration: UInt32

  init(descriptor: Int32, registration: UInt32) {
    self.descriptor = descriptor
    self.registration = registration
  }

  /// Takes the token out of an event.
  init(bits: UInt64) {
    descriptor = Int32(truncatingIfNeeded: bits)
    registration = UInt32(truncatingIfNeeded: bits >> 32)
  }

  /// The token as epoll carries it.
  var bits: UInt64 { UInt64(registration) << 32 | UInt64(UInt32(bitPattern: descriptor)) }

  /// The eventfd of the loop.
  static let wake = ConnectionToken(descriptor: -1, registration: 0)
  /// A listening socket.
  static func listener(_ index: Int) -> ConnectionToken {
    ConnectionToken(descriptor: -2 - Int32(index), registration: 0)
  }

  /// Which listening socket this is; nil for anything else.
  var listenerIndex: Int? { descriptor <= -2 ? -2 - Int(descriptor) : nil }
}
