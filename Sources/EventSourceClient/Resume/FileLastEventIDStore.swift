internal import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that holds the last event ID, and nothing else.
///
/// A save writes a new file beside it and puts it in its place, so whoever reads, also after the program was killed in
/// the middle of it, finds the old ID or the new one, whole. One program writes a file at a time.
public final class FileLastEventIDStore: LastEventIDStore {
  /// The file.
  public let path: String
  /// Whether a save waits until the ID would survive a loss of power, which costs some milliseconds for each.
  public let survivesPowerLoss: Bool

  /// What a file may hold at most; a longer one is none of ours.
  private static let maximumBytes = 1 << 20

  /// Makes a store; the file need not exist yet, its folder has to.
  public init(path: String, survivesPowerLoss: Bool = false) {
    self.path = path
    self.survivesPowerLoss = survivesPowerLoss
  }

  /// What the file holds; nil: there is none.
  ///
  /// - Throws: ``FileError``, if there is a file that cannot be read or holds no ID.
  public func load() throws -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileError("opened", path)
    }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: Self.maximumBytes + 1)
    var count = 0
    while count < bytes.count {
      let taken = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + count, $0.count - count) }
      if taken < 0, errno == EINTR { continue }
      guard taken >= 0 else { throw FileError("read", path) }
      if taken == 0 { break }
      count += taken
    }
    guard count <= Self.maximumBytes, let id = String(validating: bytes[..<count], as: UTF8.self),
      !id.utf8.contains(where: { $0 == 0 || $0 == 10 || $0 == 13 })
    else { throw FileError(path: path, message: "it holds no last event ID") }
    return id
  }

  /// Puts an ID into the file.
  ///
  /// - Throws: ``FileError``; the file is then as it was.
  public func save(_ id: String) throws {
    let next = path + ".next"
    let descriptor = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw FileError("created", next) }
    do {
      defer { close(descriptor) }
      var rest = Array(id.utf8)[...]
      while !rest.isEmpty {
        let written = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw FileError("written", next) }
        rest = rest.dropFirst(written)
      }
      if survivesPowerLoss, fsync(descriptor) != 0 { throw FileError("flushed", next) }
    }
    guard rename(next, path) == 0 else { throw FileError("replaced", path) }
    if survivesPowerLoss { try flushFolder() }
  }

  private func flushFolder() throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError("opened", folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError("flushed", folder) }
  }

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
