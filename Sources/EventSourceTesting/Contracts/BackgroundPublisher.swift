import Dispatch
import EventSourceServer
import Synchronization

/// Publishes to channel `a` as fast as it can, on a thread of its own.
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

  /// Returns when nothing is published any more.
  func stop() {
    isStopped.store(true, ordering: .relaxed)
    done.wait()
  }
}
