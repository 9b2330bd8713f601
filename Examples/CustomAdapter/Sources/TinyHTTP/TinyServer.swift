import Glibc
import Synchronization

/// An HTTP/1.1 server of one thread, as small as an example allows: a loop around `poll`. It has no time limits.
///
/// It is Sendable because other threads call only `async` and `wake`, which touch nothing but a pipe and the jobs,
/// under their lock.
public final class TinyServer: @unchecked Sendable {
  /// The port that the system chose, on 127.0.0.1.
  public let port: Int
  /// Answers a request.
  public var onRequest: (Request, Connection) -> Void = { _, connection in connection.abort() }
  /// Called before each poll; returns how long the loop may sleep; nil: until something happens.
  public var beforePoll: () -> Duration? = { nil }

  private var listener: Int32
  /// A pipe: what is written into it ends a poll.
  private let waker: (read: Int32, write: Int32)
  private var connections: [Int32: Connection] = [:]
  private let jobs = Mutex<[@Sendable () -> Void]>([])
  private var isRunning = true
  /// A connection waits that cannot be accepted before another one has ended.
  private var isFull = false

  /// Opens the port; what comes waits until the loop runs.
  public init(port: Int = 0) throws(SystemError) {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var one: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = listener
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, size) == 0 && listen(descriptor, 128) == 0
          && getsockname(descriptor, address, &size) == 0
      }
    }
    guard isBound else {
      let error = SystemError(number: errno)
      close(descriptor)
      throw error
    }
    self.port = Int(in_port_t(bigEndian: address.sin_port))
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      let error = SystemError(number: errno)
      close(descriptor)
      throw error
    }
    waker = (ends[0], ends[1])
    for end in ends { Self.makeNonblocking(end) }
  }

  deinit {
    close(waker.read)
    close(waker.write)
  }

  /// Makes the loop call ``beforePoll`` soon. Any thread.
  public func wake() {
    // A pipe that is full wakes as well.
    var byte: UInt8 = 0
    _ = write(waker.write, &byte, 1)
  }

  /// Does something on the loop's thread, soon. Any thread.
  public func async(_ job: @escaping @Sendable () -> Void) {
    jobs.withLock { $0.append(job) }
    wake()
  }

  /// Whether a connection still has a response to finish or bytes to send.
  public var isBusy: Bool { connections.values.contains { $0.request != nil || $0.hasUnsentBytes } }

  /// Serves until ``stop()``.
  public func run() {
    while isRunning {
      let sleep = beforePoll()
      let order = Array(connections.values)
      var polled = [
        pollfd(fd: waker.read, events: Int16(POLLIN), revents: 0),
        pollfd(fd: isFull ? -1 : listener, events: Int16(POLLIN), revents: 0),
      ]
      polled += order.map(\.polled)
      guard poll(&polled, nfds_t(polled.count), Self.milliseconds(sleep)) > 0 else { continue }
      if polled[0].revents != 0 {
        var bytes = [UInt8](repeating: 0, count: 4096)
        _ = read(waker.read, &bytes, bytes.count)
        let due = jobs.withLock { jobs in
          defer { jobs = [] }
          return jobs
        }
        for job in due { job() }
      }
      if polled[1].revents != 0 { accept() }
      for (connection, entry) in zip(order, polled.dropFirst(2)) where entry.revents != 0 && !connection.isClosed {
        connection.handle(Int32(entry.revents)) { onRequest($0, connection) }
      }
      for connection in order where connection.isClosed && connections[connection.descriptor] === connection {
        connections[connection.descriptor] = nil
        isFull = false
      }
    }
    for connection in connections.values { connection.close() }
    connections = [:]
    stopListening()
  }

  /// Takes no connection any more, and ends those that serve no request. The loop's thread.
  public func drain() {
    stopListening()
    for connection in connections.values { connection.drain() }
  }

  /// Ends ``run()``, and with it every connection. The loop's thread.
  public func stop() { isRunning = false }

  private func stopListening() {
    if listener >= 0 { close(listener) }
    listener = -1
  }

  private func accept() {
    guard listener >= 0 else { return }
    let descriptor = Glibc.accept(listener, nil, nil)
    guard descriptor >= 0 else {
      isFull = errno == EMFILE || errno == ENFILE
      return
    }
    Self.makeNonblocking(descriptor)
    connections[descriptor] = Connection(descriptor: descriptor)
  }

  private static func makeNonblocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  /// Rounded up, so that the loop does not come back too early.
  private static func milliseconds(_ time: Duration?) -> Int32 {
    guard let time else { return -1 }
    let (seconds, rest) = min(max(time, .zero), .seconds(3600)).components
    return Int32(seconds) * 1000 + Int32((rest + 999_999_999_999_999) / 1_000_000_000_000_000)
  }
}

/// A call to the system has failed.
public struct SystemError: Error, CustomStringConvertible {
  /// What `errno` was.
  public var number: Int32
  /// The system's words for it.
  public var description: String { String(cString: strerror(number)) }
}
