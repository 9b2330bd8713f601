import Glibc

/// An error that ends the program, with its exit status.
struct Failure: Error {
  /// The statuses of sysexits.h.
  enum Status: Int32 {
    case usage = 64
    case data = 65
    case noInput = 66
    case unavailable = 69
    case inputOutput = 74
    case `protocol` = 76
    case noPermission = 77
  }

  var status: Status
  /// What happened, with which input, and what to do, in one line.
  var message: String

  init(_ status: Status, _ message: String) {
    self.status = status
    self.message = message
  }
}

/// Prints one line to standard error. Escapes control characters, because the text may come from a peer.
func complain(_ message: String) {
  let line = "eventsource: \(message.visible)\n"
  _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
}
