import CEventSourceLinux
import Glibc
import Synchronization

/// Wakes a waiting thread. If the thread is already awake, no system call is made.
///
/// Call ``wake()`` on any thread. It costs one atomic operation unless the thread sleeps. The other methods are for the
/// thread itself. The eventfd lives as long as the waker, so a late call never writes to a descriptor that has been
/// reused.
final class Waker: Sendable {
  /// The state of the thread.
  private enum Place {
    /// Working. No call has arrived since the round began.
    static let working: UInt8 = 0
    /// Waiting, or about to wait.
    static let asleep: UInt8 = 1
    /// Called. The caller that changed this from ``asleep`` has written to the eventfd.
    static let called: UInt8 = 2
  }

  private let place = Atomic<UInt8>(Place.working)
  private let descriptor: Descriptor

  init() throws(BuiltInServerError) {
    descriptor = try Descriptor(eventsource_eventfd(), from: "eventfd")
  }

  /// Watch this descriptor with ``Epoll/Events/onChange``: each write is then reported once, and the eventfd need not
  /// be read.
  var number: Int32 { descriptor.number }

  /// Makes the thread run another round soon.
  func wake() {
    // Always an exchange, even if the thread has already been called: a plain load could be reordered before the stores
    // that the thread must see.
    guard place.exchange(Place.called, ordering: .sequentiallyConsistent) == Place.asleep else { return }
    var one: UInt64 = 1
    _ = write(descriptor.number, &one, 8)
  }

  /// Begins a round, which handles everything posted before.
  func beginRound() {
    _ = place.exchange(Place.working, ordering: .sequentiallyConsistent)
  }

  /// Returns whether the thread may wait: `false` if it was called since the round began.
  func mayWait() -> Bool {
    place.compareExchange(
      expected: Place.working,
      desired: Place.asleep,
      ordering: .sequentiallyConsistent
    ).exchanged
  }
}
