import BenchSupport
import EventSourceServer
import Glibc
import Synchronization

/// A lane on its own thread, with readers that accept everything and keep nothing. The thread ends with the process.
///
/// `Sendable`, because other threads use only the jobs, under their lock. Everything else belongs to the thread.
final class LaneThread: @unchecked Sendable {
  private let jobs = Mutex<[@Sendable (LaneThread) -> Void]>([])
  private let wakes = Semaphore()
  private let handler: EventStreamHandler
  private var lane: DeliveryLane!
  private var readers: [EventStreamSession] = []

  init(_ handler: EventStreamHandler) {
    self.handler = handler
    let wakes = wakes
    lane = handler.hub.makeLane { wakes.signal() }
    startThread { self.run() }
  }

  /// Opens a reader, whose sink counts the bytes that it receives.
  func open(_ channels: [String], after lastEventID: String?, _ sink: Sink) {
    perform { thread in
      let fields = lastEventID.map { [HeaderField("Last-Event-ID", $0)] } ?? []
      thread.readers.append(
        thread.handler.serve(Request(fields: fields), channels: channels, response: sink, on: thread.lane))
    }
  }

  /// All readers leave.
  func leave() {
    perform { thread in
      for reader in thread.readers { reader.peerDisconnected() }
      thread.readers = []
    }
  }

  private func perform(_ job: @escaping @Sendable (LaneThread) -> Void) {
    jobs.withLock { $0.append(job) }
    wakes.signal()
  }

  private func run() -> Never {
    while true {
      let jobs = jobs.withLock { jobs in
        defer { jobs = [] }
        return jobs
      }
      for job in jobs { job(self) }
      let now = nanoseconds(CLOCK_MONOTONIC)
      let next = lane.run(now: .nanoseconds(now))
      if next.map({ $0 <= .nanoseconds(now) }) ?? false { continue }
      wakes.wait(until: next)
    }
  }

  private struct Request: EventStreamRequest {
    var method = "GET"
    var target = "/"
    var fields: [HeaderField]
    var peer: String?
  }
}

/// Counts the bytes of a stream.
final class Sink: EventStreamResponse, Sendable {
  private let bytes = Atomic(0)
  private let ended = Atomic(false)

  var byteCount: Int { bytes.load(ordering: .acquiring) }
  /// Whether the log has evicted events that the reader still needed.
  var isEnded: Bool { ended.load(ordering: .acquiring) }

  func start(_ head: EventStreamResponseHead) { precondition(head.status == 200, "the answer is \(head.status)") }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    self.bytes.add(bytes.count, ordering: .releasing)
    return .accepted(bytes.count)
  }

  func end(_ ending: EventStreamEnding) { ended.store(true, ordering: .releasing) }
}

/// A POSIX semaphore, which several threads can use.
private final class Semaphore: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func signal() { sem_post(semaphore) }

  /// Waits for a signal, or until a time of CLOCK_MONOTONIC.
  func wait(until moment: Duration?) {
    guard let moment else {
      while sem_wait(semaphore) != 0 {}
      return
    }
    // `sem_timedwait` takes a time of CLOCK_REALTIME.
    let wait =
      max(moment - .nanoseconds(nanoseconds(CLOCK_MONOTONIC)), .zero) + .nanoseconds(nanoseconds(CLOCK_REALTIME))
    let (seconds, attoseconds) = wait.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    while sem_timedwait(semaphore, &time) != 0, errno == EINTR {}
  }
}
