#if NIO || Hummingbird
  public import EventSourceServer
  package import NIOCore
  import Synchronization

  /// The event streams of one hub in servers on SwiftNIO.
  ///
  /// Mount handlers at paths, and add an ``EventStreamChannelHandler`` to each channel of your servers, for HTTP/1.1
  /// and HTTP/2 alike. Publish from anywhere. Each event loop that serves a stream has one lane, which runs on the loop
  /// itself.
  ///
  /// ```swift
  /// let streams = NIOEventStreams(hub)
  /// streams.mount(EventStreamHandler(hub), at: "/events/{channel}")
  /// // For each channel, on its event loop:
  /// try channel.pipeline.syncOperations.configureHTTPServerPipeline()
  /// try channel.pipeline.syncOperations.addHandler(EventStreamChannelHandler(streams))
  /// ```
  ///
  /// To stop, call ``drain(over:)``, then ``close()``, then shut down the event loops.
  public final class NIOEventStreams: Sendable {
    private struct State {
      var mounts: [Mount] = []
      var loops: [ObjectIdentifier: LoopLane] = [:]
      var isDraining = false
      var isClosed = false
    }

    /// The hub whose channels are read.
    public let hub: EventHub
    /// The time over which streams end when their server quiesces. On a `ChannelShouldQuiesceEvent`, a channel's stream
    /// ends at a random time within this window.
    public let quiescingWindow: Duration

    private let state = Mutex(State())

    /// Creates the streams of a hub.
    public init(_ hub: EventHub, quiescingWindow: Duration = .seconds(2)) {
      self.hub = hub
      self.quiescingWindow = quiescingWindow
    }

    /// Passes every request for a path to a handler, whatever the method. The handler itself answers 405.
    ///
    /// If several mounts match, the first one added is used. You can add mounts at any time, from any thread; they
    /// apply to the next request.
    ///
    /// - Parameters:
    ///   - handler: Serves the requests, on the event loops of their channels. It must be one of ``hub``.
    ///   - pattern: The path. The value of a segment named `channel` is the channel that is read. Traps if no request
    ///     can name a channel at this path, so call `EventStreamHandler.Configuration.validate(mountedAt:)` first on a
    ///     path that comes from user input.
    public func mount(_ handler: EventStreamHandler, at pattern: PathPattern) {
      precondition(handler.hub === hub, "the handler belongs to another hub")
      do {
        try handler.configuration.validate(mountedAt: pattern)
      } catch {
        preconditionFailure("\(error)")
      }
      state.withLock { $0.mounts.append(.streams(handler, at: pattern)) }
    }

    /// Passes every request for a collection of runs to a handler: requests for the path itself, and for the paths of
    /// runs, which have one more segment.
    ///
    /// The handler gets a request when its body has arrived.
    ///
    /// - Parameters:
    ///   - handler: Serves the requests, on the event loops of their channels. Its collection must be one of ``hub``.
    ///   - pattern: The path of the collection.
    ///   - maximumBodyBytes: A request with a larger body gets 413.
    public func mount(_ handler: RunHandler, at pattern: PathPattern, maximumBodyBytes: Int = 1 << 20) {
      precondition(handler.runs.hub === hub, "the runs belong to another hub")
      state.withLock { $0.mounts.append(.runs(handler, at: pattern, maximumBodyBytes: maximumBodyBytes)) }
    }

    /// The number of open requests and streams. Safe to read from any thread.
    public var readerCount: Int {
      state.withLock { $0.loops.values.reduce(0) { $0 + $1.lane.readerCount } }
    }

    /// Ends the streams at random times within a window, each after everything published and its own `retry`. Refuses
    /// new streams with 503. Other requests of the channels are still served.
    ///
    /// Returns when the end of every stream has been sent. Returns early if the task is cancelled, but draining
    /// continues. A peer that accepts no data is disconnected after some seconds.
    public func drain(over window: Duration) async {
      let loops = state.withLock { state in
        state.isDraining = true
        return Array(state.loops.values)
      }
      await withTaskGroup(of: Void.self) { group in
        for loop in loops { group.addTask { await loop.drain(over: window) } }
      }
    }

    /// Ends every stream immediately and permanently, without completing the responses. Later requests for the mounted
    /// paths get 503. Returns when that is done. Call it before you shut down the event loops.
    public func close() async {
      let loops = state.withLock { state in
        state.isClosed = true
        return Array(state.loops.values)
      }
      for loop in loops { await loop.closeOnLoop() }
    }

    func destination(of target: String) -> Mount.Destination? {
      Mount.destination(of: target, in: state.withLock { $0.mounts })
    }

    /// Returns the lane of an event loop, which is created with the loop's first stream. Call it on the loop.
    package func loop(of eventLoop: any EventLoop) -> LoopLane {
      let key = ObjectIdentifier(eventLoop)
      if let loop = state.withLock({ $0.loops[key] }) { return loop }
      // Only this thread creates the lane of this loop.
      let loop = LoopLane(eventLoop, hub: hub)
      let (isDraining, isClosed) = state.withLock { state in
        state.loops[key] = loop
        return (state.isDraining, state.isClosed)
      }
      if isDraining { loop.lane.drain(over: .zero) }
      if isClosed { loop.close() }
      return loop
    }
  }
#endif
