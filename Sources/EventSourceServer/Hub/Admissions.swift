import Synchronization

/// Counts open streams against the configured limits, and records whether the hub accepts new ones.
final class Admissions: Sendable {
  /// Phases occur in this order only.
  enum Phase: Int, Comparable {
    case open, draining, closed

    static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
  }

  private struct State {
    var phase = Phase.open
    var total = 0
    var byCaller: [ExactString: Int] = [:]
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var nextWaiter: UInt64 = 0

    mutating func forget(_ caller: String) {
      guard let count = byCaller[ExactString(caller)] else { return }
      byCaller[ExactString(caller)] = count > 1 ? count - 1 : nil
    }
  }

  private let state = Mutex(State())
  private let maximum: Int
  private let maximumPerCaller: Int?

  init(_ configuration: EventHub.Configuration) {
    maximum = configuration.maximumReaders
    maximumPerCaller = configuration.maximumReadersPerCaller
  }

  /// A copy of the state's phase that publishers can read without the lock.
  private let phaseCopy = Atomic(Phase.open.rawValue)

  var phase: Phase { Phase(rawValue: phaseCopy.load(ordering: .acquiring))! }
  var total: Int { state.withLock { $0.total } }

  func setPhase(_ phase: Phase) {
    state.withLock { state in
      state.phase = max(state.phase, phase)
      phaseCopy.store(state.phase.rawValue, ordering: .releasing)
    }
  }

  /// Reserves a place in the hub, before anything else is spent on the request.
  ///
  /// - Returns: The reason for a rejection, or `nil` if a place was reserved.
  func enter() -> String? {
    state.withLock { state in
      guard state.phase == .open else { return "no new streams are accepted at present" }
      guard state.total < maximum else { return "the maximum number of open streams has been reached" }
      state.total += 1
      return nil
    }
  }

  /// Counts one more stream for the caller.
  ///
  /// - Returns: `false` if the caller is already at its limit.
  func enter(caller: String) -> Bool {
    guard let maximumPerCaller else { return true }
    return state.withLock { state in
      guard state.byCaller[ExactString(caller), default: 0] < maximumPerCaller else { return false }
      state.byCaller[ExactString(caller), default: 0] += 1
      return true
    }
  }

  /// Releases the stream's place in the hub and its caller's.
  func leave(caller: String?) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      state.total -= 1
      if let caller { state.forget(caller) }
      guard state.total == 0 else { return [] }
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Releases the caller's place only. The stream keeps its place in the hub.
  func leave(onlyCaller caller: String) { state.withLock { $0.forget(caller) } }

  /// Returns when no stream is open or the task is cancelled.
  func becomesEmpty() async {
    let number = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isDone = state.withLock { state in
          if state.total == 0 || Task.isCancelled { return true }
          state.waiters[number] = continuation
          return false
        }
        if isDone { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
  }
}

/// The places that one stream occupies.
struct Admission {
  var caller: String?
}
