import Glibc

/// A descriptor that is open only to be closed when the process has no other left.
final class SpareDescriptor {
  private let descriptor: Descriptor

  /// Nil if there is none to be had.
  init?() {
    let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    descriptor = Descriptor(owning: number)
  }
}
