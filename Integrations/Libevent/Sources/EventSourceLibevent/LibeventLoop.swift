import CLibevent
import EventSourceServer
import Glibc

/// The lane of an event base, and the three events with which the base runs it. On the base's thread only.
final class LibeventLoop {
  let lane: DeliveryLane
  /// The chunk that all readers of a broadcast share.
  let sharedChunk = SharedChunk()
  /// The number of responses that the lane has finished but whose end has not been sent.
  var unfinished = 0 {
    didSet { if unfinished == 0, drained != nil { runSoon() } }
  }
  /// Called once, when there are neither readers nor unfinished responses.
  var drained: (() -> Void)?
  private let waker: LibeventWaker
  private var wakeEvent: UnsafeMutablePointer<event>?
  private var runEvent: UnsafeMutablePointer<event>?
  private var timerEvent: UnsafeMutablePointer<event>?
  private var isRunPending = false
  private var isRunning = false
  private var finishing: [EvhttpResponse] = []
  /// The operations of the base's plain sockets. libevent has one such table per kind of bufferevent.
  private let plainOperations: UnsafeRawPointer?

  init(base: OpaquePointer, hub: EventHub) throws(LibeventError) {
    let waker = try LibeventWaker()
    self.waker = waker
    lane = hub.makeLane { waker.wake() }
    let sample = bufferevent_socket_new(base, -1, 0)
    plainOperations = sample.map { UnsafeRawPointer($0.pointee.be_ops) }
    if let sample { bufferevent_free(sample) }
    // Not retained: the events are freed before the loop is deallocated.
    let argument = Unmanaged.passUnretained(self).toOpaque()
    wakeEvent = event_new(
      base, waker.readEnd, Int16(EV_READ | EV_PERSIST),
      { _, _, argument in
        let loop = LibeventLoop.of(argument)
        loop.waker.drain()
        // At most one run each time the base polls.
        if !loop.isRunPending { loop.run() }
      }, argument)
    runEvent = event_new(base, -1, 0, { _, _, argument in LibeventLoop.of(argument).run() }, argument)
    timerEvent = event_new(
      base, -1, 0,
      { _, _, argument in
        let loop = LibeventLoop.of(argument)
        if !loop.isRunPending { loop.run() }
      }, argument)
    guard wakeEvent != nil, runEvent != nil, timerEvent != nil, event_add(wakeEvent, nil) == 0 else {
      close()
      throw .outOfResources("event_new")
    }
  }

  /// Runs the lane once, after the callbacks of the current round.
  ///
  /// A run that is requested during a run waits until the base has polled. libevent handles active events before it
  /// polls for others, so a lane that activates itself again would delay the program's own events for as long as events
  /// are published.
  func runSoon() {
    guard !isRunPending, let runEvent else { return }
    isRunPending = true
    if isRunning {
      var none = timeval()
      event_add(runEvent, &none)
    } else {
      event_active(runEvent, Int32(EV_TIMEOUT), 0)
    }
  }

  /// Calls ``EvhttpResponse/finish()`` in the next run, outside all callbacks of libevent.
  func finishLater(_ response: EvhttpResponse) {
    finishing.append(response)
    runSoon()
  }

  /// Returns whether a bufferevent is a plain socket, whose descriptor can be written to directly: neither TLS nor a
  /// filter.
  func isPlainSocket(_ candidate: UnsafeMutablePointer<bufferevent>) -> Bool {
    bufferevent_get_underlying(candidate) == nil && bufferevent_getfd(candidate) >= 0
      && UnsafeRawPointer(candidate.pointee.be_ops) == plainOperations
  }

  /// Ends all streams and frees the events. The base must still exist.
  func close() {
    lane.close()
    for event in [wakeEvent, runEvent, timerEvent] { if let event { event_free(event) } }
    (wakeEvent, runEvent, timerEvent) = (nil, nil, nil)
    drained = nil
  }

  private func run() {
    isRunPending = false
    guard timerEvent != nil else { return }
    isRunning = true
    let responses = finishing
    finishing = []
    for response in responses { response.finish() }
    runLane()
    isRunning = false
    guard let drained, lane.readerCount + unfinished == 0 else { return }
    self.drained = nil
    // The closure may close and release this loop.
    withExtendedLifetime(self) { drained() }
  }

  private func runLane() {
    let now = Self.now
    let next = lane.run(now: now)
    sharedChunk.release()
    guard let next else {
      event_del(timerEvent)
      return
    }
    if next <= now { return runSoon() }
    let (seconds, attoseconds) = (next - now).components
    // Rounded up to a millisecond, the resolution of the base's timers.
    var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000) + 1000)
    if time.tv_usec >= 1_000_000 { time = timeval(tv_sec: time.tv_sec + 1, tv_usec: time.tv_usec - 1_000_000) }
    event_add(timerEvent, &time)
  }

  private static func of(_ argument: UnsafeMutableRawPointer?) -> LibeventLoop {
    Unmanaged<LibeventLoop>.fromOpaque(argument!).takeUnretainedValue()
  }

  private static var now: Duration {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}
