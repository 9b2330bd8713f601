import Glibc

/// The one owner of a file descriptor, which is closed when the owner ends.
struct Descriptor: ~Copyable {
  /// The number; valid while the owner lives.
  let number: Int32

  /// Takes over a descriptor that somebody opened.
  init(owning number: Int32) { self.number = number }

  /// Takes over the result of a call that opens a descriptor, or tells why it failed.
  init(_ number: Int32, from call: String) throws(BuiltInServerError) {
    if number < 0 { throw .system(call: call, errno: errno) }
    self.number = number
  }

  /// Gives the descriptor away without closing it.
  consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  deinit { _ = close(number) }
}
