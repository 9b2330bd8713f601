public import EventSourceServer

/// A single-threaded HTTP stack without sockets: a lane, its connections, and a clock, all driven by the test.
///
/// It follows the rules of an adapter, and its responses check that the lane follows its own.
public final class SimulatedStack {
  /// One request and its response.
  public final class Connection {
    /// The response.
    public let response: SimulatedResponse
    /// The session that the stack drives.
    public fileprivate(set) var session: EventStreamSession!
    private unowned let stack: SimulatedStack

    fileprivate init(response: SimulatedResponse, stack: SimulatedStack) {
      self.response = response
      self.stack = stack
    }

    /// Reads as the client: makes room for `count` more bytes, or without limit.
    public func read(_ count: Int = .max) {
      let (room, isTooMuch) = response.room.addingReportingOverflow(count)
      response.room = count == .max || response.room == .max || isTooMuch ? .max : room
      response.sendKept()
      guard response.keptBytes < response.keepLimit ?? .max else { return }
      if response.takeWritableNotification() { session.becameWritable() }
    }

    /// Disconnects as the client. The stack notices immediately.
    public func disconnect() {
      response.close()
      session.peerDisconnected()
    }

    /// Whether the response is complete or the stream has ended.
    public var isFinished: Bool { session.isFinished }
  }

  /// The clock.
  public let clock: ManualClock
  /// The lane.
  public let lane: DeliveryLane
  private let wakeUps: WakeUps

  /// Creates a stack for a hub.
  public init(hub: EventHub, clock: ManualClock = ManualClock()) {
    let wakeUps = WakeUps()
    self.clock = clock
    self.wakeUps = wakeUps
    lane = hub.makeLane { wakeUps.add() }
  }

  /// The number of times that the lane was woken.
  public var wakeUpCount: Int { wakeUps.count }

  /// Accepts a request. Nothing of a stream is written before ``run()``.
  public func connect(
    _ handler: EventStreamHandler, _ request: SimulatedRequest = SimulatedRequest(), channels: [String] = [],
    room: Int = .max
  ) -> Connection {
    let connection = Connection(response: SimulatedResponse(room: room), stack: self)
    connection.session = handler.serve(request, channels: channels, response: connection.response, on: lane)
    return connection
  }

  /// Accepts a request whose response is a run's stream.
  public func connect(
    _ run: Run, _ request: SimulatedRequest = SimulatedRequest(), adding fields: [HeaderField] = [],
    room: Int = .max
  ) -> Connection {
    let connection = Connection(response: SimulatedResponse(room: room), stack: self)
    connection.session = run.serve(request, adding: fields, response: connection.response, on: lane)
    return connection
  }

  /// Accepts a request for a mounted collection of runs: at its path, or at the path of the run with an ID.
  public func connect(
    _ handler: RunHandler, _ request: SimulatedRequest, body: [UInt8] = [], run id: String? = nil, room: Int = .max
  ) -> Connection {
    let connection = Connection(response: SimulatedResponse(room: room), stack: self)
    connection.session = handler.serve(request, body: body, run: id, response: connection.response, on: lane)
    return connection
  }

  /// Runs the lane until it has nothing more to do. Returns the latest time at which it must run again.
  @discardableResult
  public func run() -> Duration? {
    while true {
      guard let next = lane.run(now: clock.now) else { return nil }
      if next > clock.now { return next }
    }
  }

  /// Advances the clock, and runs the lane whenever it is due.
  public func advance(by time: Duration) {
    let end = clock.now + time
    while let next = run(), next <= end { clock.advance(to: next) }
    clock.advance(to: end)
    run()
  }
}
