/// A request about which the authorizer has been asked.
final class PendingAuthorization {
  let plan: StreamPlan
  /// When it is to have answered.
  let end: Int64
  /// How often it has been asked, and what the lane's log of revocations was at when it was asked last.
  var decisions = 0
  var revocations = 0
  var task: Task<Void, Never>?

  init(plan: StreamPlan, end: Int64) {
    self.plan = plan
    self.end = end
  }

  func cancel() { task?.cancel() }
}

/// When an open stream is authorized again, and by what.
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
