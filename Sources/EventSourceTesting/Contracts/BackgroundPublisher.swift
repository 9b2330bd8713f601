import Dispatch
import EventSourceServer
import Synchronization

/// Publishes to channel `a` as fast as possible, on its own thread.
final class BackgroundPublisher: Sendable {
  private let isStopped = Atomic(false)
  private let done = DispatchGroup()

  init(_ hub: EventHub) {
    DispatchQueue(label: "publisher").async(group: done) { [self] in
      let data = String(repeating: "x", count: 100)
      while !isStopped.load(ordering: .relaxed) {
        guard (try? hub.publish(data, to: "a")) != nil else { return }
      }
    }
  }

  /// Stops publishing. Returns when the thread has ended.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    done.wait()
  }
}
