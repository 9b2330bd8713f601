import Glibc

/// Why the tool ends, and with which status.
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

/// Says one line on standard error. What a peer sent cannot command the terminal.
func complain(_ message: String) {
  let line = "eventsource: \(message.visible)\n"
  _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
}
