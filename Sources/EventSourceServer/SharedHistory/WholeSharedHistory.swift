/// A shared history for a reader that must get every event since the first one, or a gap event if that is impossible.
struct WholeSharedHistory: EventRepository {
  private let repository: any SharedEventRepository

  init(_ repository: any SharedEventRepository) { self.repository = repository }

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    guard request.lastEventID == nil else { return try await repository.events(for: request) }
    let answer = try await repository.events(
      after: .beginning, in: request.channel, maximumEvents: request.maximumEvents,
      maximumBytes: request.maximumBytes)
    if case .contiguous(let events) = answer { return .contiguous(events.map(\.event)) }
    guard case .contiguous(let earliest) = try await repository.events(for: request) else { return .unknownID }
    return .gap(earliest)
  }
}
