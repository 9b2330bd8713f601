#if Hummingbird
  public import EventSourceServer
  public import Hummingbird
  import Foundation
  import HTTPTypes

  extension RouterMethods where Context: EventStreamRequestContext {
    /// Passes requests for a collection of runs to a handler: requests for the path itself, and for the paths of runs,
    /// which have one more segment. The handler itself answers 405.
    ///
    /// Middleware that was added before applies. A body may have as many bytes as the context's `maxUploadSize`.
    ///
    /// - Parameters:
    ///   - path: The path of the collection.
    ///   - handler: Serves the requests.
    ///   - streams: The streams of the hub of the handler's runs.
    @discardableResult
    public func runs(_ path: RouterPath, _ handler: RunHandler, on streams: HummingbirdEventStreams) -> Self {
      let item = RouterPath("\(path)/{eventSourceRun}")
      for method: HTTPRequest.Method in [.get, .head, .options, .post, .put, .patch, .delete] {
        for path in [path, item] {
          on(path, method: method) { request, context in
            var run: String?
            if let name = context.parameters.get("eventSourceRun") {
              guard let decoded = name.removingPercentEncoding else {
                throw HTTPError(.badRequest, message: "the run's ID is not decodable")
              }
              run = decoded
            }
            let body = try await request.body.collect(upTo: context.maxUploadSize)
            return await streams.response(
              to: request, in: context, with: handler, body: Array(body.readableBytesView), run: run)
          }
        }
      }
      return self
    }
  }
#endif
