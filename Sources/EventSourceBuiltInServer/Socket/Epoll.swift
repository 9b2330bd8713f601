import CEventSourceLinux
import Glibc

/// A thread's epoll instance and the memory for its events, allocated once.
struct Epoll: ~Copyable {
  /// The events to wait for, or the events that occurred.
  struct Events: OptionSet, Sendable {
    let rawValue: UInt32
    static let readable = Events(rawValue: eventsource_readable)
    static let writable = Events(rawValue: eventsource_writable)
    /// The peer has sent its FIN or closed the connection (EPOLLRDHUP).
    static let peerFinished = Events(rawValue: eventsource_peer_finished)
    /// The connection was reset or is closed in both directions. Always reported (EPOLLERR, EPOLLHUP).
    static let dead = Events(rawValue: eventsource_dead)
    /// Reported once per change, not while the state lasts (EPOLLET).
    static let onChange = Events(rawValue: eventsource_on_change)
    /// Wakes only some of several waiting threads (EPOLLEXCLUSIVE).
    static let oneWaiter = Events(rawValue: eventsource_one_waiter)
  }

  private static let capacity = 256

  private let descriptor: Descriptor
  private let tokens = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
  private let ready = UnsafeMutablePointer<UInt32>.allocate(capacity: capacity)

  init() throws(BuiltInServerError) {
    descriptor = try Descriptor(eventsource_epoll_create(), from: "epoll_create1")
  }

  deinit {
    tokens.deallocate()
    ready.deallocate()
  }

  /// Starts to watch a descriptor. Returns `false` if the system refuses (no memory, or too many watches).
  func add(_ number: Int32, _ interest: Events, token: UInt64) -> Bool {
    eventsource_epoll_add(descriptor.number, number, interest.rawValue, token) == 0
  }

  /// Changes the events to wait for. Events that have already occurred are reported again.
  func change(_ number: Int32, _ interest: Events, token: UInt64) {
    _ = eventsource_epoll_change(descriptor.number, number, interest.rawValue, token)
  }

  /// Stops watching.
  func remove(_ number: Int32) {
    _ = eventsource_epoll_remove(descriptor.number, number)
  }

  /// Waits for events, at most the given number of milliseconds (-1 means no limit). Returns the number of events.
  ///
  /// A signal ends the wait like a timeout.
  func wait(milliseconds: Int32) -> Int {
    max(0, Int(eventsource_epoll_wait(descriptor.number, tokens, ready, Int32(Self.capacity), milliseconds)))
  }

  /// Returns one of the events of the last wait.
  func event(_ index: Int) -> (token: UInt64, events: Events) { (tokens[index], Events(rawValue: ready[index])) }
}
