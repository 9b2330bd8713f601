internal import EventSourceServer

/// One call of `events(for:)` or `newestEventID(in:)`, from its arrival until it returns. Safe to use from any thread.
final class PendingQuestion: Sendable {
  let request: ReplayRequest
  /// Whether it asks only for the channel's newest event.
  let isForNewest: Bool
  let answer = FirstResult<ReplayAnswer>()

  init(_ request: ReplayRequest, isForNewest: Bool) {
    self.request = request
    self.isForNewest = isForNewest
  }

  /// Reads the answer, and stops early if the caller no longer waits.
  func find(in history: HistoryReader?, path: String) {
    guard !answer.hasEnded else { return }
    answer.end(
      with: Result {
        guard let history else { throw SQLiteHistoryError.closed(path) }
        return try history.answer(request, isForNewest: isForNewest) { answer.hasEnded }
      })
  }
}
