import Glibc

/// A file that is read from its beginning. `-` is standard input. Closed when it is released.
final class InputFile {
  let name: String
  private let descriptor: Int32

  init(_ path: String) throws {
    guard path != "-" else {
      (name, descriptor) = ("standard input", STDIN_FILENO)
      return
    }
    name = "\"\(path)\""
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      let status: Failure.Status = errno == EACCES ? .noPermission : .noInput
      throw Failure(status, "\(name) cannot be opened: \(String(cString: strerror(errno)))")
    }
  }

  deinit { if descriptor != STDIN_FILENO { close(descriptor) } }

  /// Reads available bytes into memory and returns their number. Waits for at least one. 0 means the end.
  func read(into memory: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Glibc.read(descriptor, memory.baseAddress, memory.count)
      if count >= 0 { return count }
      if errno == EAGAIN {
        waitUntilReady(descriptor, for: POLLIN)
      } else if errno != EINTR {
        throw Failure(.inputOutput, "\(name) cannot be read: \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Returns the complete content.
  func contents(atMost limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = try chunk.withUnsafeMutableBytes { try read(into: $0) }
      if count == 0 { return bytes }
      bytes += chunk[..<count]
      guard bytes.count <= limit else { throw Failure(.data, "\(name) has more than \(limit) bytes") }
    }
  }
}

/// The lines of a file without their ends (LF or CR LF), as they arrive. Linear in the size of the file.
struct InputLines {
  private let file: InputFile
  private let limit: Int
  private var unread: ArraySlice<UInt8> = []
  private var chunk = [UInt8](repeating: 0, count: 64 << 10)
  private(set) var count = 0

  init(_ file: InputFile, longest limit: Int) {
    self.file = file
    self.limit = limit
  }

  /// Returns the next line, or `nil` at the end. The last line needs no line end.
  mutating func next() throws -> [UInt8]? {
    var line: [UInt8] = []
    while true {
      if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
        line += unread[..<end]
        unread = unread[(end + 1)...]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return try counted(line)
      }
      line += unread
      unread = []
      if line.count > limit { return try counted(line) }
      let taken = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
      if taken == 0 { return line.isEmpty ? nil : try counted(line) }
      unread = chunk[..<taken]
    }
  }

  private mutating func counted(_ line: [UInt8]) throws -> [UInt8] {
    count += 1
    guard line.count <= limit else {
      throw Failure(.data, "line \(count) of \(file.name) has more than \(limit) bytes")
    }
    return line
  }
}
