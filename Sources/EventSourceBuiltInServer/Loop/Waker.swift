import CEventSourceLinux
import Glibc
import Synchronization

/// Wakes a thread that waits, and writes to nobody who is awake.
///
/// ``wake()`` may be called on any thread, and costs one atomic operation unless the thread sleeps. The other methods
/// are for the thread itself. The eventfd lives as long as anybody holds the waker, so a late call never writes to a
/// descriptor that has become somebody else's.
final class Waker: Sendable {
  /// Where the thread is.
  private enum Place {
    /// At work; it has been told of nothing since it began its round.
    static let working: UInt8 = 0
    /// Waiting, or about to.
    static let asleep: UInt8 = 1
    /// There is news; whoever set this from ``asleep`` has written to the eventfd.
    static let called: UInt8 = 2
  }

  private let place = Atomic<UInt8>(Place.working)
  private let descriptor: Descriptor

  init() throws(BuiltInServerError) {
    descriptor = try Descriptor(eventsource_eventfd(), from: "eventfd")
  }

  /// To be watched with ``Epoll/Events/onChange``: each write is then reported once, and never has to be read away.
  var number: Int32 { descriptor.number }

  /// Makes the thread do another round soon.
  func wake() {
    // Always a session, even if the thread seems to be called already: a plain load could be done before the stores
    // that the thread is to see.
    guard place.exchange(Place.called, ordering: .sequentiallyConsistent) == Place.asleep else { return }
    var one: UInt64 = 1
    _ = write(descriptor.number, &one, 8)
  }

  /// Begins a round: whatever was told before is looked at in it.
  func beginRound() {
    _ = place.exchange(Place.working, ordering: .sequentiallyConsistent)
  }

  /// Whether the thread may wait: false if there was a call since the round began.
  func mayWait() -> Bool {
    place.compareExchange(
      expected: Place.working,
      desired: Place.asleep,
      ordering: .sequentiallyConsistent
    ).exchanged
  }
}
