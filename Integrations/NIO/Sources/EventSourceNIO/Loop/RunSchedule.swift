/// Decides when a lane runs. It has no side effects. Times are nanoseconds of the loop's clock.
///
/// Before an event loop polls, it runs everything that was submitted to it, including what those tasks submit. A lane
/// that is woken or wants to continue could therefore keep the loop from polling for as long as events are published.
/// Consecutive runs are therefore separated by a pause in which the loop is idle and polls.
struct RunSchedule {
  /// The next thing for the loop to do.
  enum Step: Equatable {
    case nothing
    /// Submit a task that runs the lane.
    case submit
    /// Run the lane at this time instead of any time scheduled before.
    case schedule(Int64)
  }

  /// Returns the pause after a run. A loop polls within this time unless other tasks keep it busy. If a run takes long,
  /// so does what the loop does after it, before it looks whether the pause is over.
  static func pause(after duration: Int64) -> Int64 { max(20_000, duration / 16) }

  private var isSubmitted = false
  private var scheduledAt = Int64.max
  /// The end of the pause after the last run.
  private var pauseEnd = Int64.min

  /// Reports input found by polling: a request, or a connection that is writable again.
  mutating func inputArrived() -> Step {
    guard !isSubmitted else { return .nothing }
    isSubmitted = true
    return .submit
  }

  /// Reports that another thread has woken the lane.
  ///
  /// - Returns: Whether to run now, and otherwise the step that schedules the run.
  mutating func woken(at now: Int64) -> (runs: Bool, step: Step) {
    guard pauseEnd > now else { return (true, .nothing) }
    return (false, schedule(pauseEnd))
  }

  /// Reports that the submitted task is running.
  mutating func submittedTaskRuns() { isSubmitted = false }

  /// Reports that the scheduled time has been reached.
  mutating func timeIsThere() { scheduledAt = .max }

  /// Reports that a run has ended, and that the lane wants to run again at `next`.
  mutating func ended(_ run: Range<Int64>, next: Int64?) -> Step {
    pauseEnd = run.upperBound + Self.pause(after: run.upperBound - run.lowerBound)
    guard let next else { return .nothing }
    return schedule(max(next, pauseEnd))
  }

  private mutating func schedule(_ time: Int64) -> Step {
    guard time < scheduledAt else { return .nothing }
    scheduledAt = time
    return .schedule(time)
  }
}
