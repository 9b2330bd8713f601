import Synchronization

public import EventSourceFormat

/// The state of a channel, for a reader of which events are missing: with it the reader can go on as if it had them.
public protocol SnapshotProvider: Sendable {
  /// What a reader is to be given of a channel before the stream goes on.
  ///
  /// Called from tasks of the hub, for several readers at a time; the task is cancelled when the reader leaves. Give
  /// the last event the ID of the last published event that the state covers, and the stream goes on right behind that
  /// one. Without such an ID it goes on with what is published after this was called, which the state may cover
  /// already.
  ///
  /// - Returns: The events, held in memory together; none, if there is nothing to say.
  /// - Throws: Anything, when there is no state to be had: the reader's stream ends, so that it asks again later.
  func snapshot(of channel: ChannelName) async throws -> [ServerSentEvent]
}

/// A snapshot as a history that ends after one batch.
final class SnapshotHistory: EventRepository {
  private let provider: any SnapshotProvider
  private let wasAsked = Atomic(false)

  init(_ provider: any SnapshotProvider) { self.provider = provider }

  func events(for request: ReplayRequest) async throws -> ReplayAnswer {
    guard !wasAsked.exchange(true, ordering: .relaxed) else { return .contiguous([]) }
    return .contiguous(try await provider.snapshot(of: request.channel))
  }
}
