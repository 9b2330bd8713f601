/// Names a connection of a loop by its descriptor and, because descriptors are reused, its registration number.
///
/// epoll carries it as 64 bits. An event for a connection that was closed in the same round, or a response that arrives
/// after its connection has closed, finds a different registration number at the descriptor and is discarded.
struct ConnectionToken: Sendable, Hashable {
  let descriptor: Int32
  /// Starts at 1. 0 marks other descriptors.
  let registration: UInt32

  init(descriptor: Int32, registration: UInt32) {
    self.descriptor = descriptor
    self.registration = registration
  }

  /// Decodes the token of an event.
  init(bits: UInt64) {
    descriptor = Int32(truncatingIfNeeded: bits)
    registration = UInt32(truncatingIfNeeded: bits >> 32)
  }

  /// The token in the form that epoll carries.
  var bits: UInt64 { UInt64(registration) << 32 | UInt64(UInt32(bitPattern: descriptor)) }

  /// The eventfd of the loop.
  static let wake = ConnectionToken(descriptor: -1, registration: 0)
  /// A listening socket.
  static func listener(_ index: Int) -> ConnectionToken {
    ConnectionToken(descriptor: -2 - Int32(index), registration: 0)
  }

  /// The index of the listening socket. `nil` for anything else.
  var listenerIndex: Int? { descriptor <= -2 ? -2 - Int(descriptor) : nil }
}
