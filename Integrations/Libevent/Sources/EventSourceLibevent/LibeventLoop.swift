import CLibevent
import EventSourceServer
import Glibc

/// The lane of one event base, and the three events by which the base runs it. On the base's thread only.
final class LibeventLoop {
  let lane: DeliveryLane
  /// Responses that are over for the lane, of which the end has not been sent.
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

  init(base: OpaquePointer, hub: EventHub) throws(LibeventError) {
    let waker = try LibeventWaker()
    self.waker = waker
    lane = hub.makeLane { waker.wake() }
    // Not retained: the events are freed before the loop is let go.
    let argument = Unmanaged.passUnretained(self).toOpaque()
    wakeEvent = event_new(
      base, waker.readEnd, Int16(EV_READ | EV_PERSIST),
      { _, _, argument in
        let loop = LibeventLoop.of(argument)
        loop.waker.drain()
        loop.run()
      }, argument)
    runEvent = event_new(base, -1, 0, { _, _, argument in LibeventLoop.of(argument).run() }, argument)
    timerEvent = event_new(base, -1, 0, { _, _, argument in LibeventLoop.of(argument).run() }, argument)
    guard wakeEvent != nil, runEvent != nil, timerEvent != nil, event_add(wakeEvent, nil) == 0 else {
      close()
      throw .outOfResources("event_new")
    }
  }

  /// Runs the lane once, after the callbacks of the present round.
  func runSoon() {
    guard !isRunPending, let runEvent else { return }
    isRunPending = true
    event_active(runEvent, Int32(EV_TIMEOUT), 0)
  }

  /// Ends all streams and gives the events back; the base must still be there.
  func close() {
    lane.close()
    for event in [wakeEvent, runEvent, timerEvent] { if let event { event_free(event) } }
    (wakeEvent, runEvent, timerEvent) = (nil, nil, nil)
    drained = nil
  }

  private func run() {
    isRunPending = false
    guard timerEvent != nil else { return }
    runLane()
    guard let drained, lane.readerCount + unfinished == 0 else { return }
    self.drained = nil
    // It may close this loop and let it go.
    withExtendedLifetime(self) { drained() }
  }

  private func runLane() {
    let now = Self.now
    guard let next = lane.run(now: now) else {
      event_del(timerEvent)
      return
    }
    if next <= now { return runSoon() }
    let (seconds, attoseconds) = (next - now).components
    // Rounded up to a millisecond, which is what the base's timers keep.
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
