/// Decides when a lane runs. Pure: times are nanoseconds of the loop's clock.
///
/// An event loop runs everything that was submitted to it, and what that submits, before it polls. A lane that is woken
/// or wants to go on could therefore keep the loop from polling for as long as somebody publishes. So a run that
/// follows another leaves a pause, in which the loop finds nothing to do, and polls.
struct RunSchedule {
  /// What the loop has to do.
  enum Step: Equatable {
    case nothing
    /// Submit a task that runs the lane.
    case submit
    /// Run the lane at this time, in place of the time asked for before.
    case schedule(Int64)
  }

  /// A loop polls within this time of a run's end unless other tasks keep it busy.
  static let pause: Int64 = 20_000

  private var isSubmitted = false
  private var scheduledAt = Int64.max
  private var lastEnd = Int64.min

  /// Something has come in by polling: a request, or a connection that takes bytes again.
  mutating func inputArrived() -> Step {
    guard !isSubmitted else { return .nothing }
    isSubmitted = true
    return .submit
  }

  /// Another thread has woken the lane, or the submitted task runs.
  ///
  /// - Returns: Whether to run now; otherwise the lane is scheduled.
  mutating func woken(at now: Int64) -> (runs: Bool, step: Step) {
    let earliest = lastEnd == .min ? now : lastEnd + Self.pause
    guard earliest > now else { return (true, .nothing) }
    return (false, schedule(earliest))
  }

  /// The submitted task runs.
  mutating func submittedTaskRuns() { isSubmitted = false }

  /// The time asked for is there.
  mutating func timeIsThere() { scheduledAt = .max }

  /// The lane has run, and wants to run at `next`.
  mutating func ended(at now: Int64, next: Int64?) -> Step {
    lastEnd = now
    guard let next else { return .nothing }
    return schedule(max(next, now + Self.pause))
  }

  private mutating func schedule(_ time: Int64) -> Step {
    guard time < scheduledAt else { return .nothing }
    scheduledAt = time
    return .schedule(time)
  }
}
