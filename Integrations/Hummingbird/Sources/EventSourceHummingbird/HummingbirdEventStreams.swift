#if Hummingbird
  public import EventSourceServer
  public import Hummingbird
  import EventSourceNIO
  import Foundation
  import HTTPTypes
  import NIOCore
  import NIOHTTP1
  import HummingbirdCore
  import NIOPosix
  import ServiceLifecycle

  /// The event streams of one hub in a Hummingbird application.
  ///
  /// ```swift
  /// let streams = HummingbirdEventStreams(hub)
  /// let router = Router(context: BasicEventStreamRequestContext.self)
  /// router.eventStreams("events/{channel}", EventStreamHandler(hub), on: streams)
  /// ```
  ///
  /// Streams run on the application's event loops, over HTTP/1.1 and HTTP/2. When the application shuts down
  /// gracefully, each stream ends at a random time within ``drainWindow``, after everything published and its own
  /// `retry`.
  public final class HummingbirdEventStreams: Sendable {
    /// The hub whose channels are read.
    public let hub: EventHub
    /// The time over which streams end when the application shuts down gracefully.
    public let drainWindow: Duration

    private let streams: NIOEventStreams

    /// Creates the streams of a hub.
    public init(_ hub: EventHub, drainWindow: Duration = .seconds(2)) {
      self.hub = hub
      self.drainWindow = drainWindow
      streams = NIOEventStreams(hub)
    }

    /// The number of open requests and streams. Safe to read from any thread.
    public var readerCount: Int { streams.readerCount }

    /// Ends the streams at random times within a window, and refuses new ones with 503. Returns when all have ended.
    /// Returns early if the task is cancelled, but draining continues.
    public func drain(over window: Duration) async { await streams.drain(over: window) }

    /// Ends every stream immediately and permanently, without completing the responses. Later requests get 503.
    public func close() async { await streams.close() }

    /// Returns the response for a request, for routes of your own:
    ///
    /// ```swift
    /// router.get("orders/{id}/events") { request, context in
    ///   try await streams.response(to: request, in: context, with: handler, channels: ["order-42"])
    /// }
    /// ```
    ///
    /// Waits for the authorizer. The stream is the response's body. If middleware changes the body, every event passes
    /// through that middleware. Otherwise events are written directly to the connection, without a task.
    ///
    /// - Parameters:
    ///   - request: The request. Its body is not read.
    ///   - context: The request's context, which is passed to the authorizer.
    ///   - handler: Serves the request. It must be one of ``hub``.
    ///   - channels: The channels to read, in addition to those of the handler's configuration.
    public func response<Context: EventStreamRequestContext>(
      to request: Request, in context: Context, with handler: EventStreamHandler, channels: [String]
    ) async throws -> Response {
      precondition(handler.hub === hub, "the handler belongs to another hub")
      return await self.response(to: HummingbirdEventStreamRequest(request, context), on: context.channel) {
        handler.serve($0, channels: channels, response: $1, on: $2)
      }
    }

    /// Returns a run's stream as the response for a request, whatever the request's method. The application decides
    /// whether the caller may read the run.
    ///
    /// ```swift
    /// router.post("v1/answers") { request, context in
    ///   let question = try await request.decode(as: Question.self, context: context)
    ///   let run = try runs.start { run in try await answer(question, to: run) }
    ///   return await streams.response(
    ///     to: request, in: context, with: run, adding: [HeaderField("Location", "/runs/\(run.id)")])
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - request: The request. Its body is not read.
    ///   - context: The request's context.
    ///   - run: The run. It must be one of ``hub``.
    ///   - fields: Fields to add to the head of the stream, such as `Location`.
    public func response<Context: EventStreamRequestContext>(
      to request: Request, in context: Context, with run: Run, adding fields: [HeaderField] = []
    ) async -> Response {
      precondition(run.hub === hub, "the run belongs to another hub")
      return await response(to: HummingbirdEventStreamRequest(request, context), on: context.channel) {
        run.serve($0, adding: fields, response: $1, on: $2)
      }
    }

    /// Returns the response of a collection of runs. Its parameters are those of `RunHandler.serve`.
    func response<Context: EventStreamRequestContext>(
      to request: Request, in context: Context, with handler: RunHandler, body: [UInt8], run: String?
    ) async -> Response {
      precondition(handler.runs.hub === hub, "the runs belong to another hub")
      return await response(to: HummingbirdEventStreamRequest(request, context), on: context.channel) {
        handler.serve($0, body: body, run: run, response: $1, on: $2)
      }
    }

    /// Returns the response for a request, with the stream that `handle` begins.
    ///
    /// The route's task lives as long as the stream, and a task keeps the memory of its deepest call until it ends.
    /// Therefore another task begins the stream, and nothing that is called from here is generic.
    func response(
      to request: any EventStreamRequest, on channel: any Channel, _ handle: @escaping RouteResponse.Handle
    ) async -> Response {
      let beginning = Task { await begin(request, on: channel, handle) }
      return await withTaskCancellationHandler {
        await beginning.value
      } onCancel: {
        beginning.cancel()
      }
    }

    private func begin(
      _ request: any EventStreamRequest, on channel: any Channel, _ handle: @escaping RouteResponse.Handle
    ) async -> Response {
      let response = await start(request, on: channel, handle)
      let head = await untilShutdown(response) {
        await withCheckedContinuation { waiter in response.loop.execute { response.value.head(waiter) } }
      }
      return Response(
        status: HTTPResponse.Status(code: head.status), headers: HTTPFields(head.fields),
        body: body(of: response, head.body))
    }

    private func body(of response: Started, _ body: EventStreamResponseHead.Body) -> ResponseBody {
      switch body {
      case .bytes(let bytes): return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
      // Has no length. A response to HEAD would need the length of the body.
      case .none: return ResponseBody { writer in try await writer.finish(nil) }
      case .stream:
        return ResponseBody { [self] writer in
          while true {
            let step = await untilShutdown(response) {
              await withCheckedContinuation { waiter in response.loop.execute { response.value.next(waiter) } }
            }
            switch step {
            case .write(let buffer):
              do {
                try await writer.write(buffer)
              } catch {
                response.loop.execute { response.value.channelClosed() }
                throw error
              }
            case .end(.complete): return try await writer.finish(nil)
            // The connection must not appear to have completed the response.
            case .end(.aborted): throw ChannelError.ioOnClosedChannel
            }
          }
        }
      }
    }

    /// A response and the loop that it is confined to.
    private struct Started: Sendable {
      let value: RouteResponse
      let loop: any EventLoop
    }

    /// Awaits a value from the loop. Notifies the response if the application shuts down or the task is cancelled
    /// during the wait.
    private func untilShutdown<Value: Sendable>(
      _ response: Started, _ wait: @Sendable () async -> Value
    ) async -> Value {
      await withTaskCancellationHandler {
        await withGracefulShutdownHandler {
          await wait()
        } onGracefulShutdown: { [drainWindow] in
          response.loop.execute { response.value.drain(over: drainWindow) }
        }
      } onCancel: {
        response.loop.execute { response.value.channelClosed() }
      }
    }

    private func start(
      _ request: any EventStreamRequest, on channel: any Channel, _ handle: @escaping RouteResponse.Handle
    ) async -> Started {
      // Without a connection, as in router tests, nothing may be running the channel's loop.
      let isConnected = channel.isActive
      let eventLoop = isConnected ? channel.eventLoop : MultiThreadedEventLoopGroup.singleton.any()
      return await withCheckedContinuation { started in
        eventLoop.execute { [streams] in
          let response = RouteResponse(
            on: streams.loop(of: eventLoop), observer: isConnected ? Self.observer(of: channel) : nil,
            isHead: request.method == "HEAD")
          response.serve(request, handle)
          started.resume(returning: Started(value: response, loop: eventLoop))
        }
      }
    }

    /// Returns the observer of a channel, which is created with its first stream. Call it on the channel's loop.
    private static func observer(of channel: any Channel) -> PartObserver? {
      let pipeline = channel.pipeline.syncOperations
      if let observer = try? pipeline.handler(type: PartObserver.self) { return observer }
      let observer = PartObserver()
      // Behind Hummingbird's own handler, and before the one that reads and writes for the request's task.
      guard let before = try? pipeline.handler(type: HTTPConnectionStateHandler.self),
        (try? pipeline.addHandler(observer, position: .after(before))) != nil
      else { return nil }
      if (try? pipeline.context(handlerType: HTTPResponseEncoder.self)) == nil {
        try? pipeline.addHandler(QuiesceFilter(), position: .before(before))
      }
      return observer
    }
  }

  extension HTTPFields {
    fileprivate init(_ fields: [HeaderField]) {
      self.init()
      for field in fields {
        // The handler sends only fields whose names are tokens.
        if let name = HTTPField.Name(field.name) { append(HTTPField(name: name, value: field.value)) }
      }
    }
  }
#endif
