/// A C program's context. Its `release` callback runs when nothing uses the context any longer.
// Sendable, because the header requires that the functions that receive it can be called on any thread.
final class ProgramContext: @unchecked Sendable {
  let pointer: UnsafeMutableRawPointer?
  private let release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?

  init(_ pointer: UnsafeMutableRawPointer?, release: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?) {
    self.pointer = pointer
    self.release = release
  }

  deinit { release?(pointer) }
}
