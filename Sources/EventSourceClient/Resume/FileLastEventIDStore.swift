internal import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Bionic)
  import Bionic
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that contains only the last event ID.
///
/// A save writes a new file next to the old one and then renames it. A reader therefore finds either the old ID or the
/// new one, complete, even if the program was killed during a save. Only one program may write a file. Symbolic links
/// are not followed, neither at the path of the file nor at that of the new file.
public final class FileLastEventIDStore: LastEventIDStore {
  /// The file.
  public let path: String
  /// Whether a save waits until the ID would survive a power failure. This costs some milliseconds per save.
  public let survivesPowerLoss: Bool

  /// The size in bytes of the largest ID that can be saved or loaded. No request can carry one that long.
  public static let maximumBytes = 1 << 20

  /// Creates a store. The folder must exist; the file need not.
  public init(path: String, survivesPowerLoss: Bool = false) {
    self.path = path
    self.survivesPowerLoss = survivesPowerLoss
  }

  /// Returns the ID in the file, without a trailing line break, which editors add. `nil` if there is no file.
  ///
  /// - Throws: ``FileError``, if the file cannot be read or does not contain an ID.
  public func load() throws -> String? {
    // Opening a pipe in place of the file would otherwise block.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw errno == ELOOP ? FileError(path: path, message: "it is a symbolic link") : FileError("opened", path)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError("opened", path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(path: path, message: "it is no file") }
    let bytes = try contents(of: descriptor)
    guard let id = String(validating: Self.withoutLineBreak(bytes), as: UTF8.self), Self.isID(id) else {
      throw FileError(path: path, message: "it holds no last event ID; delete it to begin anew")
    }
    return id
  }

  /// Returns all bytes, but at most one more than an ID and a line break can have.
  private func contents(of descriptor: Int32) throws -> ArraySlice<UInt8> {
    var bytes = [UInt8](repeating: 0, count: Self.maximumBytes + 3)
    var count = 0
    while count < bytes.count {
      let taken = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress! + count, $0.count - count) }
      if taken < 0, errno == EINTR { continue }
      guard taken >= 0 else { throw FileError("read", path) }
      if taken == 0 { break }
      count += taken
    }
    return bytes[..<count]
  }

  private static func withoutLineBreak(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard bytes.last == UInt8(ascii: "\n") else { return bytes }
    let line = bytes.dropLast()
    return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
  }

  private static func isID(_ text: String) -> Bool {
    text.utf8.count <= maximumBytes && !text.utf8.contains { $0 == 0 || $0 == 10 || $0 == 13 }
  }

  /// Writes an ID to the file.
  ///
  /// - Throws: ``FileError``, also for a text that ``load()`` would not accept. The file is then unchanged.
  public func save(_ id: String) throws {
    guard Self.isID(id) else {
      throw FileError(path: path, message: "an ID has at most \(Self.maximumBytes) bytes, and no line break or NUL")
    }
    let next = path + ".next"
    // A killed program may have left a file there. The new one is created exclusively, so no link there is followed.
    unlink(next)
    let descriptor = open(next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
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
}
