import EventSourceServer
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Sees from which thread each lane is called, and counts the calls from another than its first.
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

/// A millisecond, between two looks at what another thread does.
func pause() {
  usleep(1000)
}
