import EventSourceServer
import Glibc
import Synchronization

/// One thread of a server: its epoll instance, its connections, its lanes and its timers.
///
/// `@unchecked Sendable` because the thread that made it hands it to the thread that calls ``run()``, and from then on
/// only that thread touches it, or any ``Connection`` of it. Other threads have the ``LoopHandle``.
final class ServerLoop: @unchecked Sendable {
  /// The read buffer's size, and the most that is read ahead of a request that is being served.
  static let scratchBytes = 16 * 1024

  let context: ServerContext
  let handle: LoopHandle
  /// The handles of all loops of the server, this one's among them.
  let handles: [LoopHandle]
  let epoll: Epoll
  /// By their place in the configuration. Empty once the loop takes no more connections; nil where the socket no longer
  /// listens.
  var listeners: [Listener?]
  /// When to listen again, after the process ran out of descriptors or the server of room.
  var acceptsAgainAt: Duration?
  var toldOutOfDescriptors = false
  /// Given up to refuse a connection when the process is out of descriptors.
  var spare = SpareDescriptor()

  var connections = ConnectionTable()
  var timers: TimerWheel
  /// The chunk that the readers of a walk share.
  let sharedChunk = SharedChunk()
  /// Where every connection reads into; what is not consumed at once is copied out.
  let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: scratchBytes)
  /// The time at which the events that are being handled were taken.
  var now: Duration
  /// When to end what is left, once the server is stopping.
  var drainEnd: Duration?

  private var lanes: [(hub: EventHub, lane: DeliveryLane)] = []
  private var deferred: [ConnectionToken] = []
  private var resuming: [ConnectionToken] = []
  private var mail: [Mailbox.Message] = []
  private var lastRegistration: UInt32 = 0
  private var date: (second: Int, bytes: [UInt8]) = (-1, [])

  /// Makes the loop of `handles[index]`.
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

  /// Serves until the server is stopped and everything has ended; on the loop's own thread.
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
      // Before the events are looked at, so that whoever publishes meanwhile does not write to the eventfd.
      handle.waker.beginRound()
      now = MonotonicClock.now
      for index in 0..<count { take(epoll.event(index)) }
    }
    finish()
  }

  /// Calls ``Connection/resume()`` of this connection in the next round, out of any call from a lane.
  func resumeLater(_ connection: Connection) { deferred.append(connection.token) }

  /// Sets the one deadline of a connection.
  func setTimer(_ connection: Connection, after delay: Duration) {
    timers.set(Int(connection.token.descriptor), at: now + delay.bounded)
  }

  /// The lane of this thread in a hub, made when the first request comes for it.
  func lane(of hub: EventHub) -> DeliveryLane {
    if let known = lanes.first(where: { $0.hub === hub }) { return known.lane }
    let waker = handle.waker
    let lane = hub.makeLane(wake: { waker.wake() })
    lanes.append((hub, lane))
    if drainEnd != nil { lane.drain(over: .zero) }
    return lane
  }

  /// Calls `body` with every lane there is.
  func forEachLane(_ body: (DeliveryLane) -> Void) {
    for (_, lane) in lanes { body(lane) }
  }

  /// A number that no connection of this loop has had, until 2^32 of them have come.
  func nextRegistration() -> UInt32 {
    lastRegistration = lastRegistration == .max ? 1 : lastRegistration + 1
    return lastRegistration
  }

  /// The Date field's value, made anew once a second (RFC 9110, 6.6.1).
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

  /// Those that are deferred meanwhile wait for the next round, so that the lanes get their turn.
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
    return earliest
  }

  private func wait(until laneDeadline: Duration?) -> Int {
    guard deferred.isEmpty, handle.waker.mayWait() else { return epoll.wait(milliseconds: 0) }
    let deadline = earlier(earlier(laneDeadline, timers.nextDeadline), earlier(acceptsAgainAt, drainEnd))
    guard let deadline else { return epoll.wait(milliseconds: -1) }
    // Rounded up: who wakes a moment too early has nothing to do, and goes round at full speed until the moment has
    // come.
    let milliseconds = max(0, (deadline - MonotonicClock.now + .nanoseconds(999_999)).milliseconds)
    return epoll.wait(milliseconds: Int32(min(milliseconds, 3_600_000)))
  }
}

/// The earlier of two moments, either of which may never come.
private func earlier(_ left: Duration?, _ right: Duration?) -> Duration? {
  guard let left, let right else { return left ?? right }
  return min(left, right)
}
