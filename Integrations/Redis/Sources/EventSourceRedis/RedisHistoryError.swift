internal import EventSourceServer

/// The reason why a history in Redis cannot be opened, written or read.
public enum RedisHistoryError: Error, Sendable, Hashable, CustomStringConvertible {
  /// The address is not one of a Redis server. The text gives the reason.
  case invalidAddress(String)
  /// A configuration value is not allowed. The text names it.
  case invalidConfiguration(String)
  /// The address requires TLS, which this library does not support.
  case noTLS(server: String)
  /// The server cannot be reached. Nothing was recorded; try again later.
  case unreachable(server: String, reason: String)
  /// The server is older than version 7.0.
  case unsupportedVersion(server: String, version: String)
  /// The user or password is wrong, or the user lacks the permission for a required command.
  case notPermitted(server: String, reason: String)
  /// No Sentinel knows a master of this name.
  case noMaster(name: String, reason: String)
  /// The server did not answer in time. Nothing was read.
  case timedOut(server: String)
  /// The server has reached its memory limit. Nothing was recorded.
  case outOfMemory(server: String)
  /// The server is a replica, or cannot write to its disk. Nothing was recorded.
  case readOnly(server: String, reason: String)
  /// A key of the channel has another type. Nothing was recorded.
  case wrongType(server: String, channel: String)
  /// Fewer replicas than configured have confirmed the events. The events are nevertheless recorded and published.
  case tooFewReplicas(server: String, confirmed: Int, required: Int)
  /// Too many bytes are waiting to be sent to the server. Nothing was recorded; try again later.
  case overloaded(server: String, limit: Int)
  /// The events of one batch have more bytes than the process can receive. Nothing was recorded. Raise
  /// `maximumReplyBytes` in every process, or publish smaller events.
  case tooLarge(server: String, bytes: Int, limit: Int)
  /// The system has no descriptors or threads left. The text names the call that failed.
  case outOfResources(String)
  /// The server sent an invalid reply.
  case invalidReply(server: String, reason: String)
  /// Any other error reported by the server.
  case failed(server: String, reason: String)
  /// The repository has been closed.
  case closed

  /// A one-line description.
  public var description: String {
    switch self {
    case .invalidAddress(let reason): "the address of the Redis history is invalid: \(reason)"
    case .invalidConfiguration(let reason): "the configuration of the Redis history is invalid: \(reason)"
    case .noTLS(let server):
      "the Redis server \(server) is to be reached by TLS, which this library does not speak; use a TLS tunnel"
    case .unreachable(let server, let reason): "the Redis server \(server) cannot be reached: \(reason)"
    case .unsupportedVersion(let server, let version):
      "the Redis server \(server) has version \(version); version 7.0 or later is needed"
    case .notPermitted(let server, let reason):
      "the Redis server \(server) does not permit it; check the user and password: \(reason)"
    case .noMaster(let name, let reason): "no Sentinel names a master for \"\(name)\": \(reason)"
    case .timedOut(let server): "the Redis server \(server) did not answer in time"
    case .outOfMemory(let server):
      "the Redis server \(server) is out of memory; raise maxmemory or lower the retention"
    case .readOnly(let server, let reason): "the Redis server \(server) takes no writes: \(reason)"
    case .wrongType(let server, let channel):
      "a key of the channel \"\(channel)\" on the Redis server \(server) has another type; use another key prefix"
    case .tooFewReplicas(let server, let confirmed, let required):
      "\(confirmed) of \(required) replicas of the Redis server \(server) have confirmed; the events are recorded"
    case .overloaded(let server, let limit):
      "\(limit) bytes wait for the Redis server \(server) already; nothing was recorded"
    case .tooLarge(let server, let bytes, let limit):
      "\(bytes) bytes of events are too many for one message of the Redis server \(server); the limit is \(limit) bytes"
    case .outOfResources(let reason): "the system has no resources for the Redis history: \(reason)"
    case .invalidReply(let server, let reason): "the Redis server \(server) answered nonsense: \(reason)"
    case .failed(let server, let reason): "the Redis server \(server) failed: \(reason)"
    case .closed: "the Redis history has been closed"
    }
  }

  /// Creates the error for an error reply.
  init(reply: String, server: String, channel: String = "") {
    // The reply may be hostile, and errors are logged.
    let reply = String(String.UnicodeScalarView(reply.unicodeScalars.prefix(512).map { $0.value < 32 ? " " : $0 }))
    switch reply.prefix(while: { $0 != " " }) {
    case "OOM": self = .outOfMemory(server: server)
    case "READONLY", "MISCONF", "MASTERDOWN", "LOADING", "NOREPLICAS": self = .readOnly(server: server, reason: reply)
    case "WRONGTYPE": self = .wrongType(server: server, channel: channel)
    case "NOAUTH", "WRONGPASS", "NOPERM": self = .notPermitted(server: server, reason: reply)
    default:
      // For errors within a script, other text precedes the code.
      if reply.containsBytes(of: "WRONGTYPE") {
        self = .wrongType(server: server, channel: channel)
      } else if reply.containsBytes(of: "OOM command not allowed") || reply.containsBytes(of: "-OOM") {
        self = .outOfMemory(server: server)
      } else if reply.containsBytes(of: "READONLY") || reply.containsBytes(of: "read only replica") {
        self = .readOnly(server: server, reason: reply)
      } else if reply.containsBytes(of: "NOPERM") || reply.containsBytes(of: "invalid password")
        || reply.hasPrefix("ERR AUTH")
      {
        self = .notPermitted(server: server, reason: reply)
      } else {
        self = .failed(server: server, reason: reply)
      }
    }
  }
}
