#if Hummingbird
  public import EventSourceServer
  public import Hummingbird
  import Foundation
  import HTTPTypes
  import NIOCore

  extension RouterMethods where Context: EventStreamRequestContext {
    /// Passes requests for a path to a handler, whatever the method. The handler itself answers 405.
    ///
    /// Middleware that was added before applies to it, as to any route. The authorizer reads the context that
    /// middleware has filled in by ``ContextAuthorizer``. With Hummingbird's `CORSMiddleware`, leave the handler's own
    /// `crossOrigin` unset.
    ///
    /// - Parameters:
    ///   - path: The path. The value of a parameter named `channel` is the channel that is read. Traps if no request
    ///     can name a channel at this path.
    ///   - handler: Serves the requests.
    ///   - streams: The streams of the handler's hub.
    @discardableResult
    public func eventStreams(
      _ path: RouterPath, _ handler: EventStreamHandler, on streams: HummingbirdEventStreams
    ) -> Self {
      let names = path.description.contains("{channel}") || path.description.contains(":channel")
      precondition(
        names || !handler.configuration.channels.isEmpty || handler.configuration.channelQueryItem != nil,
        "no request can name a channel at \"\(path)\"; give it a parameter {channel}")
      precondition(handler.hub === streams.hub, "the handler belongs to another hub")
      for method: HTTPRequest.Method in [.get, .head, .options, .post, .put, .patch, .delete] {
        on(path, method: method) { request, context in
          let (channels, request, channel) = try Self.open(request, context)
          return await streams.response(to: request, on: channel) {
            handler.serve($0, channels: channels, response: $1, on: $2)
          }
        }
      }
      return self
    }

    /// Returns what of a request and its context outlives the route's call. Not inlined, because the route's task would
    /// keep room for copies of both.
    @inline(never)
    private static func open(
      _ request: Request, _ context: Context
    ) throws -> (channels: [String], any EventStreamRequest, any Channel) {
      var channels: [String] = []
      if let name = context.parameters.get("channel") {
        guard let decoded = name.removingPercentEncoding else {
          throw HTTPError(.badRequest, message: "the channel's name is not decodable")
        }
        channels = [decoded]
      }
      return (channels, HummingbirdEventStreamRequest(request, context), context.channel)
    }
  }
#endif
