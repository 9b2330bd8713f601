import EventSourceClient
import Synchronization

/// An in-memory store that records what is saved.
final class CountingStore: LastEventIDStore {
  private let state: Mutex<(id: String?, saved: [String])>

  init(_ id: String? = nil) { state = Mutex((id, [])) }

  /// All saved IDs, in order.
  var saved: [String] { state.withLock { $0.saved } }

  func load() async throws -> String? { state.withLock { $0.id } }

  func save(_ id: String) async throws {
    state.withLock { state in
      state.id = id
      state.saved.append(id)
    }
  }
}
