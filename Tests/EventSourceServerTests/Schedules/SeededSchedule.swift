import Testing

/// A sequence of steps that a seed determines, and a judge of what it leads to.
protocol SeededSchedule: AnyObject {
  associatedtype Failure
  /// The broken promises. Empty if the schedule passes.
  var failures: [Failure] { get }
  /// The number of steps performed.
  var steps: Int { get }
  /// Runs the schedule, or at most its first `most` steps.
  func run(steps most: Int)
}

extension Schedule: SeededSchedule {}
extension SharedSchedule: SeededSchedule {}
extension RunScenario: SeededSchedule {}
extension SharedRunScenario: SeededSchedule {}

/// Runs one of eight parts of the schedules until one fails, which is reported.
///
/// - Parameters:
///   - part: 0 to 7. The parts are the arguments of a test, so that they run concurrently.
///   - count: The number of schedules of all parts.
///   - variable: The environment variable that sets the number.
func trySchedules<Trial: SeededSchedule>(
  part: Int, of count: Int, countedBy variable: String, _ make: (UInt64) -> Trial
) {
  for index in stride(from: part, to: count, by: 8) {
    let seed = ScheduleTests.firstSeed + UInt64(index)
    let schedule = make(seed)
    schedule.run(steps: ScheduleTests.steps)
    if !schedule.failures.isEmpty { return record(schedule, seed, countedBy: variable, make) }
  }
}

/// Reports a schedule that failed, with the smallest number of steps that fail.
func record<Trial: SeededSchedule>(
  _ failed: Trial, _ seed: UInt64, countedBy variable: String, _ make: (UInt64) -> Trial
) {
  let shortest = shortestFailure(seed, below: failed.steps, make) ?? failed
  Issue.record(
    """
    SWIFT_DETERMINISTIC_HASHING=1 EVENTSOURCE_SEED=\(seed) \(variable)=1 EVENTSOURCE_STEPS=\(shortest.steps): \
    \(shortest.failures.prefix(3).map { "\($0)" }.joined(separator: "; "))
    """)
}

/// Returns the shortest beginning of a schedule that fails, or `nil` if none fails again.
private func shortestFailure<Trial: SeededSchedule>(
  _ seed: UInt64, below steps: Int, _ make: (UInt64) -> Trial
) -> Trial? {
  for steps in 0...steps {
    let schedule = make(seed)
    schedule.run(steps: steps)
    if !schedule.failures.isEmpty { return schedule }
  }
  return nil
}
