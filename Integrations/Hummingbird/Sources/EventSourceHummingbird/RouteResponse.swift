#if Hummingbird
  import EventSourceNIO
  import EventSourceServer
  import NIOCore
  import NIOHTTPTypes

  /// The response of one route. Sendable, because it is confined to the lane's event loop.
  ///
  /// The route's task waits for the head. It then receives the stream's bytes in batches and writes them like the body
  /// of any response. Once a batch has reached the connection unchanged, no middleware and no handler changes the body.
  /// The rest is then written directly to the channel, and the task only waits for the end.
  final class RouteResponse: EventStreamResponse, @unchecked Sendable {
    /// The next step of the route's task.
    enum Step: Sendable {
      case write(ByteBuffer)
      case end(EventStreamEnding)
    }

    private enum Head {
      case unknown
      case awaited(CheckedContinuation<EventStreamResponseHead, Never>)
      case known(EventStreamResponseHead)
      /// The task has it.
      case given
    }

    /// The maximum size in bytes of one batch.
    private static let mostBytes = 64 << 10

    private let loop: LoopLane
    private let observer: PartObserver?
    private let output: StreamOutput?
    private let isHead: Bool
    private var session: EventStreamSession?
    private var head = Head.unknown
    private var stepWaiter: CheckedContinuation<Step, Never>?
    /// The next batch, while the task writes the previous one.
    private var batch: ByteBuffer?
    private var ending: EventStreamEnding?
    /// The number of further batches to compare with the outgoing parts.
    private var comparisons = 3
    private var isDirect = false
    private var needsWritableNotification = false

    /// - Parameters:
    ///   - loop: The loop whose lane serves the request.
    ///   - observer: Observes the outgoing parts. `nil` if there is no connection.
    init(on loop: LoopLane, observer: PartObserver?, isHead: Bool) {
      self.loop = loop
      self.observer = observer
      self.isHead = isHead
      output = observer?.context.map { context in
        StreamOutput(context, loop: loop) { NIOAny(HTTPResponsePart.body($0)) }
      }
      observer?.response = self
    }

    /// Passes a request to a handler, on a lane.
    typealias Handle = @Sendable (any EventStreamRequest, RouteResponse, DeliveryLane) -> EventStreamSession

    /// Passes a request to a handler.
    func serve(_ request: any EventStreamRequest, _ handle: Handle) {
      let session = loop.whileBusy { handle(request, self, loop.lane) }
      if !session.isFinished { self.session = session }
      loop.runSoon()
    }

    // MARK: Calls from the lane

    func start(_ head: EventStreamResponseHead) {
      if head.body == .none, isHead, head.status != 204, head.status != 304 { output?.dropEnd() }
      if head.body != .stream { release() }
      give(head)
    }

    func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
      guard ending == nil else { return .peerDisconnected }
      if isDirect, let output { return output.write(bytes) }
      guard batch == nil else {
        needsWritableNotification = true
        return .accepted(0)
      }
      let count = min(bytes.count, Self.mostBytes)
      needsWritableNotification = count < bytes.count
      let buffer = loop.buffer(of: bytes, count: count)
      if let stepWaiter { give(buffer, to: stepWaiter) } else { batch = buffer }
      return .accepted(count)
    }

    func end(_ ending: EventStreamEnding) {
      if ending == .aborted {
        batch = nil
        output?.abort()
      }
      finish(ending)
    }

    // MARK: Calls from the route's task, on the loop

    func head(_ waiter: CheckedContinuation<EventStreamResponseHead, Never>) {
      guard case .known(let known) = head else { return head = .awaited(waiter) }
      head = .given
      waiter.resume(returning: known)
    }

    /// Reports that the previous batch has been written, and requests the next step.
    func next(_ waiter: CheckedContinuation<Step, Never>) {
      let isUnchanged = observer?.endWatching() ?? false
      if let batch {
        self.batch = nil
        give(batch, to: waiter)
      } else if let ending {
        return waiter.resume(returning: .end(ending))
      } else {
        stepWaiter = waiter
        if isUnchanged, !isDirect {
          isDirect = true
          output?.begin()
        }
      }
      becameWritable()
    }

    /// Drains the stream, because the application is shutting down.
    func drain(over window: Duration) {
      loop.whenIdle { [self] in
        session?.drain(over: window)
        loop.runSoon()
      }
    }

    // MARK: Calls from the channel, or from the task when it is cancelled

    func writabilityChanged() {
      guard isDirect, output?.takeWritableDebt() == true else { return }
      needsWritableNotification = true
      becameWritable()
    }

    func channelClosed() {
      output?.channelClosed()
      guard ending == nil else { return }
      batch = nil
      let session = session
      loop.whenIdle { [loop] in
        session?.peerDisconnected()
        loop.runSoon()
      }
      finish(.aborted)
      give(EventStreamResponseHead(status: 503, body: .none))
    }

    private func becameWritable() {
      guard needsWritableNotification else { return }
      needsWritableNotification = false
      loop.whenIdle { [self] in
        session?.becameWritable()
        loop.runSoon()
      }
    }

    private func give(_ head: EventStreamResponseHead) {
      switch self.head {
      case .unknown: self.head = .known(head)
      case .awaited(let waiter):
        self.head = .given
        waiter.resume(returning: head)
      case .known, .given: break
      }
    }

    private func give(_ buffer: ByteBuffer, to waiter: CheckedContinuation<Step, Never>) {
      stepWaiter = nil
      if comparisons > 0 {
        comparisons -= 1
        observer?.watch(for: buffer)
      }
      waiter.resume(returning: .write(buffer))
    }

    private func finish(_ ending: EventStreamEnding) {
      self.ending = ending
      release()
      stepWaiter?.resume(returning: .end(ending))
      stepWaiter = nil
    }

    private func release() {
      session = nil
      output?.finish()
      if observer?.response === self { observer?.response = nil }
    }
  }
#endif
