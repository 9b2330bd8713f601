import EventSourceServer
import Glibc
import Synchronization

/// One thread of a server: its epoll instance, its connections, its lanes and its timers.
///
/// `@unchecked Sendable` because the creating thread passes it to the thread that calls ``run()``. From then on, only
/// that thread uses it and its ``Connection``s. Other threads use the ``LoopHandle``.
final class ServerLoop: @unchecked Sendable {
  /// The size of the read buffer, and the maximum that is read ahead of a request being served.
  static let scratchBytes = 16 * 1024

  let context: ServerContext
  let handle: LoopHandle
  /// The handles of all loops of the server, including this one's.
  let handles: [LoopHandle]
  let epoll: Epoll
  /// The listening sockets by their index in the configuration. Empty once the loop accepts no more connections. `nil`
  /// where a socket no longer listens.
  var listeners: [Listener?]
  /// The time to accept connections again, after the process ran out of descriptors or the server was full.
  var acceptsAgainAt: Duration?
  var toldOutOfDescriptors = false
  /// Closed temporarily to reject a connection when the process is out of descriptors.
  var spare = SpareDescriptor()

  var connections = ConnectionTable()
  var timers: TimerWheel
  /// The chunk that all readers of a broadcast share.
  let sharedChunk = SharedChunk()
  /// The read buffer of all connections. Bytes that are not consumed immediately are copied out.
  let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: scratchBytes)
  /// The time at which the current events were received.
  var now: Duration
  /// The time at which a stopping server ends the remaining connections.
  var drainEnd: Duration?

  private var lanes: [(hub: EventHub, lane: DeliveryLane)] = []
  private var deferred: [ConnectionToken] = []
  private var resuming: [ConnectionToken] = []
  /// Those whose streams began in this run of the lanes.
  private var holding: [ConnectionToken] = []
  private var mail: [Mailbox.Message] = []
  private var lastRegistration: UInt32 = 0
  private var date: (second: Int, bytes: [UInt8]) = (-1, [])

  /// Creates the loop of `handles[index]`.
  init(
    index: Int,
    of handles: [LoopHandle],
    listeners: [Listener],
    context: ServerContext
  ) throws(BuiltInServerError) {
    self.handles = handles
    self.listeners = listeners
    self.context = context
    handle = handles[index]
    epoll = try Epoll()
    now = MonotonicClock.now
    timers = TimerWheel(now: now)
    let token = ConnectionToken.wake.bits
    guard epoll.add(handle.waker.number, [.readable, .onChange], token: token), watchListeners() else {
      throw .system(call: "epoll_ctl", errno: errno)
    }
  }

  deinit { scratch.deallocate() }

  /// Serves until the server is stopped and everything has ended. Runs on the loop's own thread.
  func run() {
    while true {
      handle.waker.beginRound()
      takeMail()
      resumeDeferred()
      now = MonotonicClock.now
      expireTimers()
      let laneDeadline = runLanes()
      if isDrained { break }
      let count = wait(until: laneDeadline)
      // Called before the events are handled, so that publishers do not write to the eventfd during the round.
      handle.waker.beginRound()
      now = MonotonicClock.now
      for index in 0..<count { take(epoll.event(index)) }
    }
    finish()
  }

  /// Schedules a call to ``Connection/resume()`` in the next round, outside every call from a lane.
  func resumeLater(_ connection: Connection) { deferred.append(connection.token) }

  /// Schedules a call to ``Connection/sendHeld()`` for after the lanes have run.
  func sendHeldLater(_ connection: Connection) { holding.append(connection.token) }

  /// Sets the single deadline of a connection.
  func setTimer(_ connection: Connection, after delay: Duration) {
    timers.set(Int(connection.token.descriptor), at: now + delay.bounded)
  }

  /// Returns this thread's lane in a hub, created with the first request for that hub.
  func lane(of hub: EventHub) -> DeliveryLane {
    if let known = lanes.first(where: { $0.hub === hub }) { return known.lane }
    let waker = handle.waker
    let lane = hub.makeLane(wake: { waker.wake() })
    lanes.append((hub, lane))
    if drainEnd != nil { lane.drain(over: .zero) }
    return lane
  }

  /// Calls `body` with every lane.
  func forEachLane(_ body: (DeliveryLane) -> Void) {
    for (_, lane) in lanes { body(lane) }
  }

  /// Returns a number that no connection of this loop has had within the last 2^32 connections.
  func nextRegistration() -> UInt32 {
    lastRegistration = lastRegistration == .max ? 1 : lastRegistration + 1
    return lastRegistration
  }

  /// The value of the Date field, updated once a second (RFC 9110, 6.6.1).
  var dateField: [UInt8] {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME_COARSE, &time)
    if time.tv_sec != date.second { date = (time.tv_sec, IMFDate.bytes(secondsSince1970: time.tv_sec)) }
    return date.bytes
  }

  private func take(_ event: (token: UInt64, events: Epoll.Events)) {
    let token = ConnectionToken(bits: event.token)
    switch token {
    case .wake: break
    default:
      if let index = token.listenerIndex { return _ = accept(from: index) }
      connections[token]?.take(event.events)
    }
  }

  private func takeMail() {
    handle.mailbox.take(into: &mail)
    for message in mail {
      switch message {
      case .adopt(let number): adopt(Descriptor(owning: number))
      case .respond(let token, let run, let response): connections[token]?.answer(response, of: run)
      case .bodyGrew(let token, let run): connections[token]?.bodyGrew(of: run)
      case .drain(let window): drain(over: window)
      }
    }
    mail.removeAll(keepingCapacity: true)
  }

  /// Resumes the deferred connections. Connections deferred during this call wait for the next round, so that the lanes
  /// are served in between.
  private func resumeDeferred() {
    swap(&deferred, &resuming)
    for token in resuming { connections[token]?.resume() }
    resuming.removeAll(keepingCapacity: true)
  }

  private func expireTimers() {
    while let descriptor = timers.next(passedAt: now) { connections[descriptor]?.timerExpired() }
    if let time = acceptsAgainAt, time <= now {
      acceptsAgainAt = nil
      _ = watchListeners()
    }
  }

  private func runLanes() -> Duration? {
    var earliest: Duration?
    for (_, lane) in lanes {
      earliest = earlier(earliest, lane.run(now: now))
    }
    sharedChunk.release()
    for token in holding { connections[token]?.sendHeld() }
    holding.removeAll(keepingCapacity: true)
    return earliest
  }

  private func wait(until laneDeadline: Duration?) -> Int {
    guard deferred.isEmpty, handle.waker.mayWait() else { return epoll.wait(milliseconds: 0) }
    let deadline = earlier(earlier(laneDeadline, timers.nextDeadline), earlier(acceptsAgainAt, drainEnd))
    guard let deadline else { return epoll.wait(milliseconds: -1) }
    // Rounded up: a thread that wakes slightly too early would spin until the deadline.
    let milliseconds = max(0, (deadline - MonotonicClock.now + .nanoseconds(999_999)).milliseconds)
    return epoll.wait(milliseconds: Int32(min(milliseconds, 3_600_000)))
  }
}

/// Returns the earlier of two times. `nil` means never.
private func earlier(_ left: Duration?, _ right: Duration?) -> Duration? {
  guard let left, let right else { return left ?? right }
  return min(left, right)
}
