import CLibevent
public import EventSourceServer

/// Runs in an evhttp server.
extension EvhttpEventStreams {
  /// Serves a collection of runs if the request's path is that of the collection or of one of its runs. Call it from
  /// your own callback, such as the general one, because each run has a path of its own.
  ///
  /// Allow DELETE and OPTIONS with `evhttp_set_allowed_methods`; otherwise evhttp responds to them with 501. Limit the
  /// body with `evhttp_set_max_body_size`.
  ///
  /// - Parameters:
  ///   - request: The `struct evhttp_request *`, whose body is read and copied.
  ///   - handler: Serves the request.
  ///   - pattern: The path of the collection. The path of a run has one more segment, the run's ID.
  /// - Returns: `false` if the path does not match. The request is then untouched.
  public func serve(_ request: OpaquePointer, with handler: RunHandler, at pattern: PathPattern) -> Bool {
    guard let form = evhttp_request_get_uri(request).flatMap({ RequestTarget.originForm(of: String(cString: $0)) })
    else { return false }
    let path = form.origin.prefix { $0 != "?" }
    if pattern.match(path) != nil {
      serve(request, with: handler, run: nil)
      return true
    }
    guard let slash = path.lastIndex(of: "/"), pattern.match(path[..<slash]) != nil,
      let id = PathPattern("/{run}").match(path[slash...])?["run"]
    else { return false }
    serve(request, with: handler, run: id)
    return true
  }

  /// Responds to a request with a run's stream, whatever the request's method and path. The application decides whether
  /// the caller may read the run.
  ///
  /// - Parameters:
  ///   - request: The `struct evhttp_request *`, whose body has been read.
  ///   - run: The run.
  ///   - fields: Fields to add to the head of the stream, such as `Location`.
  public func respond(to request: OpaquePointer, with run: Run, adding fields: [HeaderField] = []) {
    precondition(run.hub === hub, "the run belongs to another hub")
    answer(request) { run.serve($0, adding: fields, response: $1, on: $2) }
  }

  private func serve(_ request: OpaquePointer, with handler: RunHandler, run id: String?) {
    precondition(handler.runs.hub === hub, "the runs belong to another hub")
    // Before the response, which drops it.
    let body = Self.body(of: request)
    answer(request) { handler.serve($0, body: body, run: id, response: $1, on: $2) }
  }

  private static func body(of request: OpaquePointer) -> [UInt8] {
    guard let input = evhttp_request_get_input_buffer(request) else { return [] }
    let count = evbuffer_get_length(input)
    return [UInt8](unsafeUninitializedCapacity: count) { memory, copied in
      copied = count == 0 ? 0 : max(0, evbuffer_copyout(input, memory.baseAddress, count))
    }
  }
}
