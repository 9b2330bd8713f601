import Glibc

/// Why a server does not start.
public enum BuiltInServerError: Error, Sendable, Hashable, CustomStringConvertible {
  /// A value of the configuration makes no sense; the text says which, and what would.
  case invalidConfiguration(String)
  /// The host is not an IPv4 or IPv6 address of this machine, nor `localhost`.
  case addressNotAvailable(host: String)
  /// Somebody already listens on this port.
  case portInUse(host: String, port: Int)
  /// The port needs a privilege that the process does not have.
  case portNotPermitted(host: String, port: Int)
  /// Somebody already listens on this UNIX socket, or the path is of something else.
  case unixSocketInUse(String)
  /// The system does not let the process listen at an address for another reason: the folder of a UNIX socket does not
  /// exist or may not be written to, or the machine has no IPv6. The address as ``ListeningSocket`` describes it, the
  /// call that failed, and its `errno`.
  case cannotListen(at: String, call: String, errno: Int32)
  /// The server is running, or has not finished stopping.
  case alreadyRunning
  /// A call to the system failed: its name, and its `errno`.
  case system(call: String, errno: Int32)

  /// One line for a person.
  public var description: String {
    switch self {
    case .invalidConfiguration(let reason): "the server's configuration is not valid: \(reason)"
    case .addressNotAvailable(let host): "\"\(host)\" is not an address of this machine"
    case .portInUse(let host, let port): "port \(port) of \(host) is already in use"
    case .portNotPermitted(let host, let port): "no permission to listen on port \(port) of \(host)"
    case .unixSocketInUse(let name): "the UNIX socket \"\(name)\" is already in use"
    case .cannotListen(let address, let call, let number):
      "cannot listen at \(address): \(call): \(String(cString: strerror(number))) (errno \(number))"
    case .alreadyRunning: "the server is already running"
    case .system(let call, let number): "\(call) failed: \(String(cString: strerror(number))) (errno \(number))"
    }
  }
}
