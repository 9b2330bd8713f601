import BenchSupport
import EventSourceServer
import Glibc
import Synchronization

/// A lane on a thread of its own, with readers that take everything and keep nothing. The thread ends with the process.
///
/// Other threads touch only the jobs, under their lock, which makes it `Sendable`; the rest is the thread's.
final class LaneThread: @unchecked Sendable {
  private let jobs = Mutex<[@Sendable (LaneThread) -> Void]>([])
  private let wakes = Semaphore()
  private let handler: EventStreamHandler
  private var lane: DeliveryLane!
  private var readers: [EventStreamExchange] = []

  init(_ handler: EventStreamHandler) {
    self.handler = handler
    let wakes = wakes
    lane = handler.hub.makeLane { wakes.signal() }
    startThread { self.run() }
  }

  /// Makes a reader; the sink counts what it is given.
  func open(_ channels: [String], after lastEventID: String?, _ sink: Sink) {
    perform { thread in
      let fields = lastEventID.map { [EventStreamField("Last-Event-ID", $0)] } ?? []
      thread.readers.append(
        thread.handler.serve(Request(fields: fields), channels: channels, response: sink, on: thread.lane))
    }
  }

  /// All readers leave.
  func leave() {
    perform { thread in
      for reader in thread.readers { reader.peerGone() }
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
    var fields: [EventStreamField]
    var peer: String?
  }
}

/// Counts the bytes of a stream.
final class Sink: EventStreamResponse, Sendable {
  private let bytes = Atomic(0)
  private let ended = Atomic(false)

  var byteCount: Int { bytes.load(ordering: .acquiring) }
  /// The log has evicted what the reader had yet to be given.
  var isEnded: Bool { ended.load(ordering: .acquiring) }

  func start(_ head: EventStreamResponseHead) { precondition(head.status == 200, "the answer is \(head.status)") }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    self.bytes.add(bytes.count, ordering: .releasing)
    return .accepted(bytes.count)
  }

  func end(_ ending: EventStreamEnding) { ended.store(true, ordering: .releasing) }
}

/// A POSIX semaphore, which is made for several threads.
private final class Semaphore: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func signal() { sem_post(semaphore) }

  /// Until it is signaled or a moment of CLOCK_MONOTONIC has come.
  func wait(until moment: Duration?) {
    guard let moment else {
      while sem_wait(semaphore) != 0 {}
      return
    }
    // By the real time, which is the only one that Glibc's module has here.
    let wait =
      max(moment - .nanoseconds(nanoseconds(CLOCK_MONOTONIC)), .zero) + .nanoseconds(nanoseconds(CLOCK_REALTIME))
    let (seconds, attoseconds) = wait.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    while sem_timedwait(semaphore, &time) != 0, errno == EINTR {}
  }
}
