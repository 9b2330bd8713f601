public import CEventSource
import EventSourceFormat
import EventSourceServer
import Glibc
import Synchronization

// Implements `es_publish_recorded`, which the header documents.

/// A publication whose result is reported to a C program.
// Sendable, because the header requires that the program's function can be called on any thread.
final class RecordedPublication: @unchecked Sendable {
  typealias Told = @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<es_publication>?) -> Void

  private let caller = pthread_self()
  private let told: Told?
  private let context: UnsafeMutableRawPointer?
  /// Whether the call that publishes is still running, and the failure that occurred during it.
  private let state = Mutex((isInCall: true, failure: Failure?.none))

  private init(_ told: Told?, _ context: UnsafeMutableRawPointer?) {
    self.told = told
    self.context = context
  }

  /// Publishes, and reports the result. The work runs on this thread until it waits, so publications are queued in the
  /// order of the calls.
  ///
  /// - Throws: A failure that is known before this returns.
  static func run(
    _ told: Told?, _ context: UnsafeMutableRawPointer?, _ publish: @escaping @Sendable () async throws -> EventID
  ) throws(Failure) {
    let publication = RecordedPublication(told, context)
    Task.immediate {
      do {
        publication.succeed(try await publish())
      } catch is CancellationError {
        publication.fail(Failure(.closed, "the publication was cancelled"))
      } catch {
        publication.fail(Failure(error, other: .historyFailed))
      }
    }
    try publication.endCall()
  }

  /// Fails the publication. A failure during the call is the call's result; the callback does not run.
  private func fail(_ failure: Failure) {
    let isInCall = state.withLock { state in
      guard state.isInCall, pthread_equal(pthread_self(), caller) != 0 else { return false }
      state.failure = failure
      return true
    }
    if !isInCall { tell(failure.kind.status, id: nil, error: failure.message) }
  }

  private func succeed(_ id: EventID) { tell(ES_OK, id: id.rawValue, error: "") }

  /// Ends the call.
  private func endCall() throws(Failure) {
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
    try RecordedPublication.run(published, context) {
      try await hub.publish(event, to: name, coalescingKey: key, waitingUntil: .stored)
    }
  }
}
