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
  /// Why an ID was not loaded or saved.
  public struct FileError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let path: String
    /// What is wrong with it.
    public let message: String

    /// One line for a person.
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
