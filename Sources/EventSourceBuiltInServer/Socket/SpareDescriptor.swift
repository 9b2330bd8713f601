import Glibc

/// A descriptor that is kept open only to be closed when the process has none left.
final class SpareDescriptor {
  private let descriptor: Descriptor

  /// Returns `nil` if no descriptor is available.
  init?() {
    let number = open("/dev/null", O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    descriptor = Descriptor(owning: number)
  }
}
