/// Why a history in a file cannot be opened, written or read.
public struct SQLiteHistoryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// What kind of failure it is, to be compared; there may be more kinds in later versions.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    /// The kind as a word.
    public let description: String

    /// The file is not there, or the system does not let this process open it.
    public static let cannotOpen = Code(description: "cannotOpen")
    /// The file has something other than an SQLite database in it. It is left as it was.
    public static let notADatabase = Code(description: "notADatabase")
    /// The file is the database of another program. It is left as it was.
    public static let otherApplication = Code(description: "otherApplication")
    /// The file was made by a newer version of this library. It is left as it was.
    public static let newerVersion = Code(description: "newerVersion")
    /// Somebody else kept the file locked for longer than the configured time. Nothing was changed; try again.
    public static let busy = Code(description: "busy")
    /// The disk is full, or the file has the size that it may have. Nothing was changed; it works again when there is
    /// room.
    public static let full = Code(description: "full")
    /// The file, or the folder that it is in, may not be written.
    public static let readOnly = Code(description: "readOnly")
    /// What is in the file contradicts itself: it was damaged from outside.
    public static let damaged = Code(description: "damaged")
    /// The system could not read or write the file.
    public static let inputOutput = Code(description: "inputOutput")
    /// A value of the configuration makes no sense.
    public static let invalidConfiguration = Code(description: "invalidConfiguration")
    /// More additions wait than the configuration allows, by their bytes. Nothing was recorded; try again later.
    public static let overloaded = Code(description: "overloaded")
    /// The addition has waited for as long as the configuration allows. Nothing was recorded; try again later.
    public static let timedOut = Code(description: "timedOut")
    /// The addition is being committed, and that has not ended within the time that the configuration allows. It is
    /// recorded or not: ask the history before you add the events again.
    public static let undecided = Code(description: "undecided")
    /// The event is larger than SQLite can hold, about a gigabyte.
    public static let eventTooLarge = Code(description: "eventTooLarge")
    /// The repository has been closed.
    public static let closed = Code(description: "closed")
    /// Anything else that SQLite says.
    public static let other = Code(description: "other")
  }

  /// What kind of failure it is.
  public let code: Code
  /// The file.
  public let path: String
  /// What happened and what helps, in one sentence.
  public let message: String
  /// SQLite's extended result code; nil: the failure is not SQLite's.
  public let resultCode: Int32?

  init(_ code: Code, path: String, _ message: String, resultCode: Int32? = nil) {
    self.code = code
    self.path = path
    self.message = message
    self.resultCode = resultCode
  }

  /// One line for a person.
  public var description: String {
    "the history in \"\(path)\": \(message)" + (resultCode.map { " (SQLite \($0))" } ?? "")
  }
}

extension SQLiteHistoryError {
  static func closed(_ path: String) -> Self { Self(.closed, path: path, "the repository has been closed") }

  static func overloaded(_ path: String, waiting bytes: Int) -> Self {
    Self(.overloaded, path: path, "additions of \(bytes) bytes wait already; nothing was recorded, try again later")
  }

  static func timedOut(_ path: String, after limit: Duration) -> Self {
    Self(.timedOut, path: path, "the addition has waited for \(limit); nothing was recorded, try again later")
  }

  static func undecided(_ path: String, after limit: Duration) -> Self {
    Self(
      .undecided, path: path,
      "committing has not ended within \(limit); ask the history whether the events are recorded before you try again")
  }

  /// Whether other additions than the one that failed may succeed.
  var canBeOfOneAddition: Bool {
    switch code {
    case .busy, .closed, .readOnly, .cannotOpen, .notADatabase: false
    default: true
    }
  }
}
