import EventSourceFormat
import EventSourceRedis
import EventSourceServer

/// Appends a batch while the server's replies are lost, until it has been sent again.
///
/// If the connection is lost before the batch is sent, as on a busy machine, it is not recorded, and all begins anew.
func appendLosingReplies(
  _ data: [String], by repository: RedisEventRepository, lose: () throws -> Void,
  until isEnough: @escaping @Sendable () throws -> Bool = { true }, restore: @escaping @Sendable () throws -> Void
) async throws -> [EventID] {
  while true {
    try await eventually { repository.statistics.isConnected }
    let before = repository.statistics.repeatedBatches
    try lose()
    do {
      return try await withThrowingTaskGroup(of: [EventID].self) { group in
        group.addTask { try await repository.append(data.map { ServerSentEvent(data: $0) }, to: "news") }
        group.addTask {
          try await eventually { try isEnough() && repository.statistics.repeatedBatches > before }
          try restore()
          return []
        }
        var ids: [EventID] = []
        for try await result in group { ids += result }
        return ids
      }
    } catch is RedisHistoryError {
      try restore()
    }
  }
}
