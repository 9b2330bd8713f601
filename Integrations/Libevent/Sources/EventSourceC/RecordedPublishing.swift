public import CEventSource
import EventSourceFormat
import EventSourceServer
import Glibc
import Synchronization

// The header's `es_publish_recorded`, which it documents.

/// A publication whose outcome a C program is told of.
// Sendable, because the program's function may be called on any thread, as the header demands of it.
private final class RecordedPublication: @unchecked Sendable {
  typealias Told = @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<es_publication>?) -> Void

  private let caller = pthread_self()
  private let told: Told?
  private let context: UnsafeMutableRawPointer?
  /// Whether the program is still in the call that publishes, and what became of it before that has returned.
  private let state = Mutex((isInCall: true, failure: Failure?.none))

  init(_ told: Told?, _ context: UnsafeMutableRawPointer?) {
    self.told = told
    self.context = context
  }

  /// What fails within the call is the call's result; nobody is told of it.
  func fail(_ failure: Failure) {
    let isInCall = state.withLock { state in
      guard state.isInCall, pthread_equal(pthread_self(), caller) != 0 else { return false }
      state.failure = failure
      return true
    }
    if !isInCall { tell(failure.kind.status, id: nil, error: failure.message) }
  }

  func succeed(_ id: EventID) { tell(ES_OK, id: id.rawValue, error: "") }

  /// The call returns.
  func endCall() throws(Failure) {
    let failure = state.withLock { state in
      state.isInCall = false
      return state.failure
    }
    if let failure { throw failure }
  }

  private func tell(_ status: es_status, id: String?, error: String) {
    guard let told else { return }
    let lent = LentText()
    withExtendedLifetime(lent) {
      var publication = es_publication(
        size: MemoryLayout<es_publication>.size, status: status, id: id.map { lent.pointer($0) },
        error: lent.pointer(error))
      told(context, &publication)
    }
  }
}

/// See the header.
@c @implementation
public func es_publish_recorded(
  _ hub: OpaquePointer!, _ channel: UnsafePointer<CChar>!, _ event: UnsafePointer<es_event>!,
  _ published: (@convention(c) (UnsafeMutableRawPointer?, UnsafePointer<es_publication>?) -> Void)!,
  _ context: UnsafeMutableRawPointer!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let name = try Text.channel(channel)
    let given = try es_event(reading: required(event, "event"))
    let key = try Text.optional(given.key, "the event's key")
    let event = try Text.event(given, maximumBytes: hub.configuration.maximumEventBytes)
    let publication = RecordedPublication(published, context)
    // It runs on this thread until it waits for the history, so that publications queue in the order of the calls.
    Task.immediate {
      do {
        publication.succeed(try await hub.publish(event, to: name, key: key, awaiting: .published))
      } catch is CancellationError {
        publication.fail(Failure(.closed, "the publication was given up"))
      } catch {
        publication.fail(Failure(error, other: .historyFailed))
      }
    }
    try publication.endCall()
  }
}
