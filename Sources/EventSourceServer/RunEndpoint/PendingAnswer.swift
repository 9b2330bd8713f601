/// A request for runs that waits for the authorizer and the application. Confined to the lane's thread.
final class PendingAnswer {
  let work: @Sendable () async -> RunAnswer
  /// The deadline. `never` until the lane's next run.
  var end = Int64.never
  var task: Task<Void, Never>?

  /// The answer, if it is already known.
  let ready: RunAnswer?

  init(_ work: @escaping @Sendable () async -> RunAnswer) {
    self.work = work
    ready = nil
  }

  init(ready answer: RunAnswer) {
    work = { answer }
    ready = answer
  }

  func cancel() { task?.cancel() }
}

/// The answer to a request for runs.
enum RunAnswer: Sendable {
  case rejection(EventStreamRejection)
  case head(EventStreamResponseHead)
  /// The run's stream, with these fields in its head.
  case stream(StreamPlan, ChannelGrant, fields: [HeaderField])
}
