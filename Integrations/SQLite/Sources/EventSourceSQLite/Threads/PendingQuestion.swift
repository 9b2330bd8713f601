internal import EventSourceServer

/// One read of a channel, from the call's arrival until it returns. Safe to use from any thread.
final class PendingQuestion: Sendable {
  /// The kind of a read.
  enum Subject: Sendable {
    /// The events after another.
    case events
    /// Only the newest event.
    case newest
    /// Whether every event is stored. The answer has no events, and is a gap if some are missing.
    case completeness
  }

  let request: ReplayRequest
  let subject: Subject
  let answer = FirstResult<ReplayResult>()

  init(_ request: ReplayRequest, about subject: Subject) {
    self.request = request
    self.subject = subject
  }

  /// Reads the answer, and stops early if the caller no longer waits.
  func find(in history: HistoryReader?, path: String) {
    guard !answer.hasEnded else { return }
    answer.end(
      with: Result {
        guard let history else { throw SQLiteHistoryError.closed(path) }
        return try history.answer(request, about: subject) { answer.hasEnded }
      })
  }
}
