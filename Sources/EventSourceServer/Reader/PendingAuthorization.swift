/// A request that waits for the authorizer.
final class PendingAuthorization {
  let plan: StreamPlan
  /// The deadline for its decision.
  let end: Int64
  /// The number of attempts, and the position in the lane's revocation log at the last one.
  var decisions = 0
  var revocations = 0
  var task: Task<Void, Never>?

  init(plan: StreamPlan, end: Int64) {
    self.plan = plan
    self.end = end
  }

  func cancel() { task?.cancel() }
}

/// The repeated authorization of an open stream.
final class Recheck {
  let request: any EventStreamRequest
  var at: Int64
  var failures = 0
  var task: Task<Void, Never>?

  init(request: any EventStreamRequest, at: Int64) {
    self.request = request
    self.at = at
  }

  func cancel() { task?.cancel() }
}
