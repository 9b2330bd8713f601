#if NIO || Hummingbird
  package import EventSourceServer
  package import NIOCore
  import Synchronization

  /// The lane of one event loop, and the tasks that run it on the loop.
  ///
  /// Sendable, because it is confined to the loop's thread. Other threads only call `wake()` and read atomic
  /// properties.
  package final class LoopLane: @unchecked Sendable {
    package let eventLoop: any EventLoop
    package private(set) var lane: DeliveryLane!
    let buffers = SharedBuffers()
    /// The number of responses that have ended for the lane but whose end has not been sent.
    package var unfinished = 0 {
      didSet { if unfinished == 0 { tellDrained() } }
    }
    private var schedule = RunSchedule()
    private var timer: Scheduled<Void>?
    /// Fails when the loop is shut down.
    private var sentinel: Scheduled<Void>?
    private var isRunning = false
    private var isAfterRun = false
    private var afterRun: [() -> Void] = []
    private var waiters: [() -> Void] = []
    /// Whether the loop is shutting down. Nothing is submitted to it then.
    private let isOver = Atomic(false)

    /// Creates the lane of a loop. Call it on the loop.
    init(_ eventLoop: any EventLoop, hub: EventHub) {
      eventLoop.preconditionInEventLoop()
      self.eventLoop = eventLoop
      lane = hub.makeLane { [weak self] in self?.wake() }
      // The only sign that a loop shuts down is that it fails its scheduled tasks.
      let sentinel = eventLoop.scheduleTask(in: .hours(24 * 365 * 10)) {}
      sentinel.futureResult.whenFailure { [weak self] _ in self?.close() }
      self.sentinel = sentinel
    }

    deinit {
      sentinel?.cancel()
      timer?.cancel()
    }

    /// Can be called from any thread.
    private func wake() {
      guard !isOver.load(ordering: .relaxed) else { return }
      eventLoop.execute { self.woken() }
    }

    /// Returns the first `count` bytes in a buffer that all readers of this run share.
    package func buffer(of bytes: borrowing EventStreamBytes, count: Int) -> ByteBuffer {
      buffers.buffer(of: bytes, from: 0, count: count, isFramed: false)
    }

    /// Whether the lane, or a handler that is serving a request, is being called. Until that call returns, no other
    /// code may call it.
    package var isBusy: Bool { isRunning }

    /// Calls a closure that itself calls the lane, such as one that calls
    /// ``EventStreamHandler/serve(_:channels:response:on:)``. A channel's reports during the call are delayed.
    package func whileBusy<Result>(_ body: () -> Result) -> Result {
      let wasRunning = isRunning
      isRunning = true
      defer {
        isRunning = wasRunning
        if !wasRunning, !afterRun.isEmpty { eventLoop.execute { self.callAfterRun() } }
      }
      return body()
    }

    /// Calls a closure when the lane can be called: now, or after the current call.
    package func whenIdle(_ body: @escaping () -> Void) {
      guard isRunning else { return body() }
      afterRun.append(body)
    }

    /// Runs the lane. Input that the loop has polled is handled in the present tick, and consequences of a run in a
    /// later one.
    package func runSoon() {
      guard !isOver.load(ordering: .relaxed) else { return }
      if isAfterRun, case (false, let step) = schedule.woken(at: now) { return perform(step) }
      perform(schedule.inputArrived())
    }

    /// Ends the lane's streams within a window. Returns when their ends have been sent or the task is cancelled.
    func drain(over window: Duration) async {
      guard !isOver.load(ordering: .relaxed) else { return }
      let ended = AsyncStream<Void>.makeStream()
      eventLoop.execute {
        self.lane.drain(over: window)
        self.whenDrained { ended.continuation.finish() }
        self.runSoon()
      }
      for await _ in ended.stream {}
    }

    /// Ends all streams permanently, and returns when that is done.
    func closeOnLoop() async {
      guard !isOver.load(ordering: .relaxed) else { return }
      try? await eventLoop.submit { self.close() }.get()
    }

    /// Calls a closure once there are neither readers nor unfinished responses.
    func whenDrained(_ body: @escaping () -> Void) {
      waiters.append(body)
      tellDrained()
    }

    /// Ends all streams permanently.
    func close() {
      guard !isOver.exchange(true, ordering: .relaxed) else { return }
      sentinel?.cancel()
      timer?.cancel()
      (sentinel, timer) = (nil, nil)
      whileBusy { lane.close() }
      callAfterRun()
      tellDrained(isOver: true)
    }

    private func perform(_ step: RunSchedule.Step) {
      switch step {
      case .nothing: break
      case .submit:
        eventLoop.execute {
          self.schedule.submittedTaskRuns()
          self.run()
        }
      case .schedule(let time):
        timer?.cancel()
        timer = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(UInt64(time))) {
          self.schedule.timeIsThere()
          self.timer = nil
          self.run()
        }
      }
    }

    private func woken() {
      let (runs, step) = schedule.woken(at: now)
      perform(step)
      if runs { run() }
    }

    private func run() {
      guard !isOver.load(ordering: .relaxed), !isRunning else { return }
      isRunning = true
      let begin = now
      let next = lane.run(now: .nanoseconds(begin))
      buffers.release()
      isRunning = false
      perform(schedule.ended(begin..<max(begin, now), next: next?.wholeNanoseconds))
      callAfterRun()
      tellDrained()
    }

    private func callAfterRun() {
      isAfterRun = true
      defer { isAfterRun = false }
      while !afterRun.isEmpty {
        let closures = afterRun
        afterRun = []
        for closure in closures { closure() }
      }
    }

    private func tellDrained(isOver: Bool = false) {
      guard !waiters.isEmpty, isOver || lane.readerCount + unfinished == 0 else { return }
      let waiters = waiters
      self.waiters = []
      for waiter in waiters { waiter() }
    }

    private var now: Int64 { Int64(eventLoop.now.uptimeNanoseconds) }
  }

  extension Duration {
    /// The duration in whole nanoseconds, as the loop's clock uses them.
    fileprivate var wholeNanoseconds: Int64 {
      let (seconds, attoseconds) = components
      return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
  }
#endif
