/// The context that a C program gave with its functions, told when nothing uses it any more.
// Sendable, because the functions that are given it may be called on any thread, as the header demands of them.
final class ProgramContext: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer?
  private let release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?

  init(_ pointer: UnsafeMutableRawPointer?, release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?) {
    self.pointer = pointer
    self.release = release
  }

  deinit { release?(pointer) }
}
