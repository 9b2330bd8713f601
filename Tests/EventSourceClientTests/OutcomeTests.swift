import Foundation
import Synchronization
import Testing

@testable import EventSourceClient

/// Tests of the outcome of an attempt that several causes end at the same moment.
@Suite struct OutcomeTests {
  private struct Broken: Error {}

  /// Returns the outcome of an attempt that ends with an error, in a task that may be cancelled and with this verdict
  /// of its watchdog.
  private func outcome(
    of error: any Error = Broken(), isCanceled: Bool = false, _ verdict: @escaping @Sendable () -> SubscriptionError?
  ) async throws -> String {
    let transport = ChunkTransport { _, _ in nil }
    let session = EventSourceSession(
      SubscriptionRequest(URL(string: "http://x/")!), EventSource.Configuration(), transport)
    let reader = StreamReader(session, lastEventID: "")
    return try await within {
      if isCanceled { withUnsafeCurrentTask { $0?.cancel() } }
      switch reader.outcome(of: error, verdict()) {
      case .failed(let error, _, _): return "\(error.code)"
      case .cutShort: return "cut short"
      case .completed: return "completed"
      case .finished, .restarted, .interrupted: return "another"
      }
    }
  }

  /// The attempt breaks without a verdict, and its watchdog then cancels it. No restart follows, so this must count as
  /// a failure. Otherwise the source would never continue.
  @Test func aWatchdogThatFiresAfterAFailureChangesNothing() async throws {
    let outcome = try await outcome {
      withUnsafeCurrentTask { $0?.cancel() }
      return nil
    }
    #expect(outcome == "\(SubscriptionError.Code.transport)")
  }

  @Test func whatAWatchdogCancelsIsLate() async throws {
    let outcome = try await outcome(isCanceled: true) { SubscriptionError(.readTimeout, "late") }
    #expect(outcome == "\(SubscriptionError.Code.readTimeout)")
  }

  @Test func whatIsCanceledWithoutAVerdictIsCutShort() async throws {
    #expect(try await outcome(isCanceled: true) { nil } == "cut short")
  }

  /// The bytes after the end have been parsed, so a further attempt would skip events.
  @Test func theEndIsTheEndAlsoIfItIsLate() async throws {
    let outcome = try await outcome(of: StreamReader.ReachedEnd(), isCanceled: true) {
      SubscriptionError(.readTimeout, "late")
    }
    #expect(outcome == "completed")
  }

  @Test func aRestartAtTheEndComesTooLate() async throws {
    let transport = ChunkTransport { _, id in
      ["id: 1\ndata: 1\n\nid: 2\ndata: end\n\nid: 3\ndata: 3\n\n", "id: 4\ndata: after \(id ?? "")\n\n"]
    }
    let holder = Mutex<EventSource?>(nil)
    let configuration = EventSource.Configuration.quick { configuration in
      configuration.endsAtEvent = { message in
        guard message.data == "end" else { return false }
        holder.withLock { $0 }?.restart()
        return true
      }
    }
    let source = EventSource(URL(string: "http://x/")!, configuration: configuration, transport: transport)
    holder.withLock { $0 = source }
    let (data, error) = try await readToEnd(source)
    holder.withLock { $0 = nil }
    #expect(data == ["1"] && error == nil && source.readyState == .closed && transport.attempts == 1)
  }
}
