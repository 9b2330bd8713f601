import EventSourceServer
import Synchronization

/// Runs tasks when a test says so, on the test's own thread, in the order that the test chooses.
///
/// As the `taskExecutor` of a hub's configuration, it makes authorizers and repositories deterministic:
/// what does not wait for the outside world is done in ``run()``.
public final class ManualTaskExecutor: TaskExecutor {
  private let jobs = Mutex<[UnownedJob]>([])

  /// Makes an executor without jobs.
  public init() {}

  /// Keeps a job until it is run.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLock { $0.append(job) }
  }

  /// How many jobs wait.
  public var count: Int { jobs.withLock { $0.count } }

  /// Runs jobs, also those that jobs add, until none is left.
  public func run() {
    while runNext() {}
  }

  /// Runs one job, the oldest or the one at an index; false if there is none.
  @discardableResult
  public func runNext(at index: Int = 0) -> Bool {
    let job = jobs.withLock { $0.indices.contains(index) ? $0.remove(at: index) : nil }
    job?.runSynchronously(on: asUnownedTaskExecutor())
    return job != nil
  }
}
