import Glibc

/// The single owner of a file descriptor, which closes it at the end of its lifetime.
struct Descriptor: ~Copyable {
  /// The number, valid while the owner lives.
  let number: Int32

  /// Takes ownership of an open descriptor.
  init(owning number: Int32) { self.number = number }

  /// Takes ownership of the result of a call that opens a descriptor, or throws the reason why the call failed.
  init(_ number: Int32, from call: String) throws(BuiltInServerError) {
    if number < 0 { throw .system(call: call, errno: errno) }
    self.number = number
  }

  /// Releases ownership of the descriptor without closing it.
  consuming func release() -> Int32 {
    let number = number
    discard self
    return number
  }

  deinit { _ = close(number) }
}
