import Synchronization

internal import EventSourceFormat
internal import EventSourceServer

/// One call of `append`, from when it arrives until its caller has an answer. Any thread.
final class PendingAddition: Sendable {
  private enum Phase {
    case arrived(HistoryWriter.Addition)
    case waiting(HistoryWriter.Addition)
    /// The writer has it, or it was withdrawn.
    case gone
  }

  /// What an addition costs besides its texts.
  private static let overhead = 256
  private static let overheadOfEvent = 96

  /// The memory that it takes, about.
  let bytes: Int
  let eventCount: Int
  /// When its caller has an answer at the latest.
  let deadline: ContinuousClock.Instant
  let answer = FirstResult<[EventID]>()
  private let phase: Mutex<Phase>

  init(_ addition: HistoryWriter.Addition, deadline: ContinuousClock.Instant) {
    bytes = addition.events.reduce(Self.overhead) { $0 + $1.recordedBytes + Self.overheadOfEvent }
    eventCount = addition.events.count
    self.deadline = deadline
    phase = Mutex(.arrived(addition))
  }

  /// It waits for the writer from now on; false: it was withdrawn before.
  func wait() -> Bool {
    phase.withLock { phase in
      guard case .arrived(let addition) = phase else { return false }
      phase = .waiting(addition)
      return true
    }
  }

  /// Takes what the writer is to add; nil: it was withdrawn.
  func begin() -> HistoryWriter.Addition? {
    phase.withLock { phase in
      guard case .waiting(let addition) = phase else { return nil }
      phase = .gone
      return addition
    }
  }

  /// Ends it with an error, if the writer has not begun with it.
  ///
  /// - Returns: Whether it has waited until now, so that others may have its room.
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
