import Synchronization

internal import EventSourceFormat
internal import EventSourceServer

/// One call of `append`, from its arrival until it returns. Safe to use from any thread.
final class PendingAddition: Sendable {
  private enum Phase {
    case arrived(HistoryWriter.Addition)
    case waiting(HistoryWriter.Addition)
    /// The writer has taken it, or it was withdrawn.
    case gone
  }

  /// The memory of an addition apart from its texts.
  private static let overhead = 256
  private static let overheadOfEvent = 96

  /// Its approximate memory.
  let bytes: Int
  let eventCount: Int
  /// The time by which the call must return.
  let deadline: ContinuousClock.Instant
  let answer = FirstResult<[EventID]>()
  private let phase: Mutex<Phase>

  init(_ addition: HistoryWriter.Addition, deadline: ContinuousClock.Instant) {
    bytes = addition.events.reduce(Self.overhead) { $0 + $1.recordedBytes + Self.overheadOfEvent }
    eventCount = addition.events.count
    self.deadline = deadline
    phase = Mutex(.arrived(addition))
  }

  /// Marks it as waiting for the writer. Returns `false` if it was withdrawn before.
  func wait() -> Bool {
    phase.withLock { phase in
      guard case .arrived(let addition) = phase else { return false }
      phase = .waiting(addition)
      return true
    }
  }

  /// Takes the events for the writer. Returns `nil` if it was withdrawn.
  func begin() -> HistoryWriter.Addition? {
    phase.withLock { phase in
      guard case .waiting(let addition) = phase else { return nil }
      phase = .gone
      return addition
    }
  }

  /// Ends it with an error, unless the writer has begun.
  ///
  /// - Returns: Whether it was waiting, so that its room is free now.
  func withdraw(throwing error: any Error) -> Bool {
    let (hasArrived, hasWaited) = phase.withLock { phase in
      defer { phase = .gone }
      return switch phase {
      case .arrived: (true, false)
      case .waiting: (true, true)
      case .gone: (false, false)
      }
    }
    if hasArrived { answer.end(with: .failure(error)) }
    return hasWaited
  }
}
