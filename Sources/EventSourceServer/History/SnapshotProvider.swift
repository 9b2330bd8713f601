import Synchronization

public import EventSourceFormat

/// Provides the state of a channel, for readers that have missed events.
public protocol SnapshotProvider: Sendable {
  /// Returns the events that represent the channel's current state.
  ///
  /// Calls come from tasks of the hub, for several readers at a time. The task is cancelled when the reader
  /// disconnects. Give the last event the ID of the last published event that the state covers: the stream then
  /// continues directly after that event. Without such an ID it continues with the events published after the call,
  /// which the state may already cover.
  ///
  /// - Returns: The events, held in memory together. May be empty.
  /// - Throws: Any error if the state is not available. The reader's stream then ends, so that the reader returns
  ///   later.
  func snapshot(of channel: ChannelName) async throws -> [ServerSentEvent]
}

/// A snapshot as a history with a single batch.
final class SnapshotHistory: EventRepository {
  private let provider: any SnapshotProvider
  private let wasAsked = Atomic(false)

  init(_ provider: any SnapshotProvider) { self.provider = provider }

  func events(for request: ReplayRequest) async throws -> ReplayResult {
    guard !wasAsked.exchange(true, ordering: .relaxed) else { return .contiguous([]) }
    return .contiguous(try await provider.snapshot(of: request.channel))
  }
}
