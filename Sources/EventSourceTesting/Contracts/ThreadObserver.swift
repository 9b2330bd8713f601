import EventSourceServer
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Records the thread on which each lane is called, and counts calls on any other thread than the first.
final class ThreadObserver: Sendable {
  private struct State {
    var threads: [ObjectIdentifier: pthread_t] = [:]
    var violations = 0
  }

  private let state = Mutex(State())

  var violations: Int { state.withLock { $0.violations } }

  func laneWasCalled(_ lane: ObjectIdentifier) {
    let thread = pthread_self()
    state.withLock { state in
      if let first = state.threads[lane] {
        if pthread_equal(first, thread) == 0 { state.violations += 1 }
      } else {
        state.threads[lane] = thread
      }
    }
  }
}

/// Sleeps a millisecond between two checks of another thread's progress.
func pause() {
  usleep(1000)
}
