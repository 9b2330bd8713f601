#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The reason why a history cannot be opened, written or read.
public struct SQLiteHistoryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The kind of a failure. Later versions may add kinds.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The kind as a word.
    public let description: String

    /// The file does not exist, or this process may not open it.
    public static let cannotOpen = Code(description: "cannotOpen")
    /// The file is not an SQLite database. It was not changed.
    public static let notADatabase = Code(description: "notADatabase")
    /// The file is another program's database. It was not changed.
    public static let otherApplication = Code(description: "otherApplication")
    /// The file was written by a newer version of this library. It was not changed.
    public static let newerVersion = Code(description: "newerVersion")
    /// Another process kept the file locked, or open for writing, for longer than the configured time. Nothing was
    /// changed; try again.
    public static let busy = Code(description: "busy")
    /// The disk is full, or the file has reached its maximum size. Nothing was changed. Additions succeed again when
    /// there is room.
    public static let full = Code(description: "full")
    /// The file or its folder is not writable.
    public static let readOnly = Code(description: "readOnly")
    /// The content of the file is inconsistent, because something else damaged it.
    public static let damaged = Code(description: "damaged")
    /// The operating system failed to read or write the file.
    public static let inputOutput = Code(description: "inputOutput")
    /// A configuration value is not allowed.
    public static let invalidConfiguration = Code(description: "invalidConfiguration")
    /// The waiting additions have more bytes than the configuration allows. Nothing was recorded; try again later.
    public static let overloaded = Code(description: "overloaded")
    /// The addition waited for longer than the configuration allows. Nothing was recorded; try again later.
    public static let timedOut = Code(description: "timedOut")
    /// The addition is being committed and has not finished within the configured time. It may or may not be recorded:
    /// read the history before you add the events again.
    public static let undecided = Code(description: "undecided")
    /// The event is larger than SQLite can hold, about a gigabyte.
    public static let eventTooLarge = Code(description: "eventTooLarge")
    /// The repository has been closed.
    public static let closed = Code(description: "closed")
    /// Any other SQLite failure.
    public static let other = Code(description: "other")
  }

  /// The kind of the failure.
  public let code: Code
  /// The file.
  public let path: String
  /// What happened and how to solve it, in one sentence.
  public let message: String
  /// SQLite's extended result code, or `nil` if the failure did not come from SQLite.
  public let resultCode: Int32?

  init(_ code: Code, path: String, _ message: String, resultCode: Int32? = nil) {
    self.code = code
    self.path = path
    self.message = message
    self.resultCode = resultCode
  }

  /// A one-line description.
  public var description: String {
    "the history in \"\(path)\": \(message)" + (resultCode.map { " (SQLite \($0))" } ?? "")
  }
}

extension SQLiteHistoryError {
  static func closed(_ path: String) -> Self { Self(.closed, path: path, "the repository has been closed") }

  static func hasWriter(_ path: String, process: Int32?) -> Self {
    let other = process == getpid() ? "this process" : process.map { "process \($0)" } ?? "another process"
    return Self(
      .busy, path: path,
      "\(other) has it open for writing already; one writer at a time, so close that one first, or read the file with"
        + " SQLiteEventReader")
  }

  static func overloaded(_ path: String, waiting bytes: Int) -> Self {
    Self(.overloaded, path: path, "additions of \(bytes) bytes are already waiting; nothing was recorded, retry later")
  }

  static func timedOut(_ path: String, after limit: Duration) -> Self {
    Self(.timedOut, path: path, "the addition waited longer than \(limit); nothing was recorded, try again later")
  }

  static func undecided(_ path: String, after limit: Duration) -> Self {
    Self(
      .undecided, path: path,
      "the commit did not finish within \(limit); check whether the events are recorded before you try again")
  }

  /// Whether other additions may succeed although this one failed.
  var canBeOfOneAddition: Bool {
    switch code {
    case .busy, .closed, .readOnly, .cannotOpen, .notADatabase: false
    default: true
    }
  }
}
