#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Bionic)
  import Bionic
#elseif canImport(Darwin)
  import Darwin
#endif

extension FileLastEventIDStore {
  /// The reason why an ID was not loaded or saved.
  public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// The problem.
    public let message: String

    /// The path and the problem on one line.
    public var description: String { "\"\(path)\": \(message)" }

    init(path: String, message: String) {
      self.path = path
      self.message = message
    }

    init(_ participle: String, _ path: String) {
      self.init(path: path, message: "it cannot be \(participle): \(String(cString: strerror(errno)))")
    }
  }
}
