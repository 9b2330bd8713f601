#if Hummingbird
  public import EventSourceServer
  public import Hummingbird
  import Foundation
  import HTTPTypes

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
      for method: HTTPRequest.Method in [.get, .head, .options, .post, .put, .patch, .delete] {
        on(path, method: method) { request, context in
          var channels: [String] = []
          if let name = context.parameters.get("channel") {
            guard let decoded = name.removingPercentEncoding else {
              throw HTTPError(.badRequest, message: "the channel's name is not decodable")
            }
            channels = [decoded]
          }
          return try await streams.response(to: request, in: context, with: handler, channels: channels)
        }
      }
      return self
    }
  }
#endif
