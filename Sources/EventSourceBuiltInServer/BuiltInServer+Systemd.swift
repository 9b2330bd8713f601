import Glibc

extension BuiltInServer.Configuration {
  /// The first of the listening sockets that systemd has opened for this process (`LISTEN_FDS`, sd_listen_fds(3)); nil
  /// if there is none. To be given to ``listeningDescriptor``.
  public static var systemdDescriptor: Int32? { systemdDescriptors.first }

  /// All the sockets that systemd has opened for this process, in the order of its unit file; empty if there are none.
  /// To be given to ``listeningDescriptor`` and ``additionalSockets``.
  public static var systemdDescriptors: [Int32] {
    guard let process = getenv("LISTEN_PID"), String(cString: process) == "\(getpid())",
      let count = getenv("LISTEN_FDS"), let number = Int32(String(cString: count)), number > 0
    else { return [] }
    // No process has more descriptors than this.
    return (3..<min(number, 1 << 20) + 3).map { $0 }
  }
}

/// What a service tells the manager that started it, if that wants to know (`NOTIFY_SOCKET`, sd_notify(3)).
enum ServiceManager {
  static func tell(_ state: String) {
    guard let name = getenv("NOTIFY_SOCKET"), let address = SocketAddress(unix: String(cString: name)) else { return }
    let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard number >= 0 else { return }
    let descriptor = Descriptor(owning: number)
    let bytes = Array(state.utf8)
    _ = address.withSockaddr { sendto(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) }
  }
}
