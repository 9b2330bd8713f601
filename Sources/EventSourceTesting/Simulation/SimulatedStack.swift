public import EventSourceServer

/// An HTTP stack of one thread without sockets: a lane, its connections, and a clock, all moved by the test.
///
/// It keeps the rules of an adapter, and its responses check that the lane keeps its own.
public final class SimulatedStack {
  /// One request and its response.
  public final class Connection {
    /// What was written.
    public let response: SimulatedResponse
    /// What the stack drives.
    public fileprivate(set) var session: EventStreamSession!
    private unowned let stack: SimulatedStack

    fileprivate init(response: SimulatedResponse, stack: SimulatedStack) {
      self.response = response
      self.stack = stack
    }

    /// The client reads: there is room for so many bytes more, or without end.
    public func read(_ count: Int = .max) {
      let (room, isTooMuch) = response.room.addingReportingOverflow(count)
      response.room = count == .max || response.room == .max || isTooMuch ? .max : room
      response.sendKept()
      guard response.keptBytes < response.keepLimit ?? .max else { return }
      if response.takeWritableNotification() { session.becameWritable() }
    }

    /// The client leaves, and the stack notices at once.
    public func disconnect() {
      response.close()
      session.peerDisconnected()
    }

    /// Whether the request was answered completely, or the stream is over.
    public var isFinished: Bool { session.isFinished }
  }

  /// The time.
  public let clock: ManualClock
  /// The lane.
  public let lane: DeliveryLane
  private let wakeUps: WakeUps

  /// Makes a stack for a hub.
  public init(hub: EventHub, clock: ManualClock = ManualClock()) {
    let wakeUps = WakeUps()
    self.clock = clock
    self.wakeUps = wakeUps
    lane = hub.makeLane { wakeUps.add() }
  }

  /// How often the lane was woken.
  public var wakeUpCount: Int { wakeUps.count }

  /// Takes a request. Nothing of a stream is written before ``run()``.
  public func connect(
    _ handler: EventStreamHandler, _ request: SimulatedRequest = SimulatedRequest(), channels: [String] = [],
    room: Int = .max
  ) -> Connection {
    let connection = Connection(response: SimulatedResponse(room: room), stack: self)
    connection.session = handler.serve(request, channels: channels, response: connection.response, on: lane)
    return connection
  }

  /// Takes a request that is answered with a run's stream.
  public func connect(
    _ run: Run, _ request: SimulatedRequest = SimulatedRequest(), adding fields: [HeaderField] = [],
    room: Int = .max
  ) -> Connection {
    let connection = Connection(response: SimulatedResponse(room: room), stack: self)
    connection.session = run.serve(request, adding: fields, response: connection.response, on: lane)
    return connection
  }

  /// Takes a request at a mount of runs: at its path, or at that of the run with an ID.
  public func connect(
    _ handler: RunHandler, _ request: SimulatedRequest, body: [UInt8] = [], run id: String? = nil, room: Int = .max
  ) -> Connection {
    let connection = Connection(response: SimulatedResponse(room: room), stack: self)
    connection.session = handler.serve(request, body: body, run: id, response: connection.response, on: lane)
    return connection
  }

  /// Runs the lane until it wants to sleep; when it wants to be run again at the latest.
  @discardableResult
  public func run() -> Duration? {
    while true {
      guard let next = lane.run(now: clock.now) else { return nil }
      if next > clock.now { return next }
    }
  }

  /// Lets time pass, running the lane whenever it wanted to be run.
  public func advance(by time: Duration) {
    let end = clock.now + time
    while let next = run(), next <= end { clock.advance(to: next) }
    clock.advance(to: end)
    run()
  }
}
