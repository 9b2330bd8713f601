import Glibc
import Synchronization

internal import CHiredis

/// A thread that runs several connections. Other threads submit work that uses these connections.
final class RedisLoop: @unchecked Sendable {
  typealias Work = @Sendable (RedisLoop) -> Void

  private struct State {
    var work: [Work] = []
    var isClosed = false
  }

  /// Confined to the thread once it is running.
  private(set) var connections: [RedisConnection]
  private let state = Mutex(State())
  /// The read and write ends of the pipe that wakes the thread.
  private let wakeEnds: (read: Int32, write: Int32)
  /// The interval of `onTurn` in nanoseconds. `nextTurn` is the time of the next call.
  private let interval: Int64
  private var nextTurn: Int64 = 0
  /// Called on the thread.
  private let onTurn: (RedisLoop, Int64) -> Void
  private let name: String

  init(
    _ connections: [RedisConnection], name: String, interval: Int64, onTurn: @escaping (RedisLoop, Int64) -> Void
  ) throws(RedisHistoryError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw .outOfResources("pipe: \(String(cString: strerror(errno)))") }
    for end in ends {
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    self.connections = connections
    self.name = name
    self.interval = interval
    self.onTurn = onTurn
    wakeEnds = (ends[0], ends[1])
    try startThread()
  }

  private func startThread() throws(RedisHistoryError) {
    // The thread inherits the mask, so the program's signal handlers run on the program's own threads.
    var (blocked, before) = (sigset_t(), sigset_t())
    sigfillset(&blocked)
    for signal in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF] { sigdelset(&blocked, signal) }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let loop = Unmanaged.passRetained(self)
    var thread = pthread_t()
    let error = pthread_create(
      &thread, nil,
      { pointer in
        let loop = Unmanaged<RedisLoop>.fromOpaque(pointer!).takeRetainedValue()
        eventsource_redis_name_thread(loop.name)
        loop.run()
        return nil
      }, loop.toOpaque())
    guard error == 0 else {
      loop.release()
      throw .outOfResources("pthread_create: \(String(cString: strerror(error)))")
    }
    pthread_detach(thread)
  }

  deinit {
    Glibc.close(wakeEnds.read)
    Glibc.close(wakeEnds.write)
  }

  /// The monotonic clock, in nanoseconds. Can be read from any thread.
  static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  /// Runs work on the thread. Returns `false` if the thread has ended. Can be called from any thread.
  @discardableResult
  func perform(_ work: @escaping Work) -> Bool {
    let (isAccepted, isFirst) = state.withLock { state -> (Bool, Bool) in
      guard !state.isClosed else { return (false, false) }
      state.work.append(work)
      return (true, state.work.count == 1)
    }
    if isFirst { wake() }
    return isAccepted
  }

  /// Ends the thread and its connections. Can be called from any thread.
  func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    if isFirst { wake() }
  }

  private func wake() {
    var byte: UInt8 = 1
    _ = write(wakeEnds.write, &byte, 1)
  }

  private func run() {
    while true {
      let (work, isClosed) = state.withLock { state in
        defer { state.work = [] }
        return (state.work, state.isClosed)
      }
      for item in work { item(self) }
      if isClosed { break }
      var now = Self.now
      if nextTurn <= now {
        nextTurn = now + interval
        onTurn(self, now)
      }
      for connection in connections {
        connection.look(at: now)
        if connection.interest?.writes == true, connection.isReady { connection.becameWritable(at: now) }
      }
      let hasWork = state.withLock { !$0.work.isEmpty || $0.isClosed }
      if hasWork { continue }
      now = Self.now
      let next = connections.reduce(nextTurn) { min($0, $1.deadline) }
      poll(for: max(0, min(next - now, 60_000_000_000)))
    }
    for connection in connections { connection.close() }
  }

  private func poll(for time: Int64) {
    var polled = [pollfd(fd: wakeEnds.read, events: Int16(POLLIN), revents: 0)]
    var indices: [Int] = []
    for (index, connection) in connections.enumerated() {
      guard let (descriptor, writes) = connection.interest else { continue }
      polled.append(pollfd(fd: descriptor, events: Int16(writes ? POLLIN | POLLOUT : POLLIN), revents: 0))
      indices.append(index)
    }
    // Rounded up, so that the thread does not wake before the deadline.
    let count = Glibc.poll(&polled, nfds_t(polled.count), Int32((time + 999_999) / 1_000_000))
    guard count > 0 else { return }
    if polled[0].revents != 0 {
      var bytes = [UInt8](repeating: 0, count: 64)
      while read(wakeEnds.read, &bytes, 64) == 64 {}
    }
    let now = Self.now
    for (place, index) in indices.enumerated() {
      let events = Int32(polled[place + 1].revents)
      guard events != 0 else { continue }
      let connection = connections[index]
      if events & POLLOUT != 0 || events & (POLLERR | POLLHUP) != 0 { connection.becameWritable(at: now) }
      if events & (POLLIN | POLLHUP | POLLERR) != 0 { connection.becameReadable(at: now) }
    }
  }
}
