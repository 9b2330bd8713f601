import Synchronization

/// Who may open a stream: the counts against the configured limits, and whether the hub takes anyone at all.
final class Admissions: Sendable {
  /// In this order only.
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

  /// A copy of the phase in the state, for publishers, which ask at each publication.
  private let phaseCopy = Atomic(Phase.open.rawValue)

  var phase: Phase { Phase(rawValue: phaseCopy.load(ordering: .acquiring))! }
  var total: Int { state.withLock { $0.total } }

  func setPhase(_ phase: Phase) {
    state.withLock { state in
      state.phase = max(state.phase, phase)
      phaseCopy.store(state.phase.rawValue, ordering: .releasing)
    }
  }

  /// Takes a place in the hub, before anything else is spent on the request.
  ///
  /// - Returns: Why not; nil if it has one.
  func enter() -> String? {
    state.withLock { state in
      guard state.phase == .open else { return "no streams are being opened at present" }
      guard state.total < maximum else { return "as many streams are open as may be" }
      state.total += 1
      return nil
    }
  }

  /// Counts a place for a caller; false: it has as many as it may.
  func enter(caller: String) -> Bool {
    guard let maximumPerCaller else { return true }
    return state.withLock { state in
      guard state.byCaller[ExactString(caller), default: 0] < maximumPerCaller else { return false }
      state.byCaller[ExactString(caller), default: 0] += 1
      return true
    }
  }

  /// Gives the places back.
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

  /// Gives a caller's place back, and not the one in the hub.
  func leave(onlyCaller caller: String) { state.withLock { $0.forget(caller) } }

  /// Returns when no stream is open, or the task is cancelled.
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

/// The places that one stream has taken.
struct Admission {
  var caller: String?
}
