import EventSourceServer
import Synchronization

/// An executor that runs tasks only when a test calls ``run()``, on the test's own thread, in an order that the test
/// chooses.
///
/// As the `taskExecutor` of a hub's configuration, it makes authorizers and repositories deterministic: everything that
/// does not wait for the outside world is done within ``run()``.
public final class ManualTaskExecutor: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])

  /// Creates an executor without jobs.
  public init() {}

  /// Enqueues a job.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  /// The number of waiting jobs.
  public var count: Int { jobs.withLock { $0.count } }

  /// Runs jobs, including those that jobs add, until none is left.
  public func run() {
    while runNext() {}
  }

  /// Runs one job: the oldest, or the one at an index. Returns `false` if there is none.
  @discardableResult
  public func runNext(at index: Int = 0) -> Bool {
    let job = jobs.withLock { $0.indices.contains(index) ? $0.remove(at: index) : nil }
    job?.runSynchronously(on: asUnownedTaskExecutor())
    return job != nil
  }
}
