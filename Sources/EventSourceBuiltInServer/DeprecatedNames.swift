// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// The names of version 0.1. They will be removed in version 0.3. `Changes.md` lists them with the current names.

public import EventSourceServer

@available(*, deprecated, renamed: "ListeningAddress")
public typealias BoundAddress = ListeningAddress

extension BuiltInServer {
  @available(*, deprecated, renamed: "route(_:at:timeout:crossOrigin:_:)")
  public func route(
    _ method: String, _ pattern: PathPattern, timeout: Duration? = nil, crossOrigin: CrossOriginPolicy? = nil,
    _ respond: @escaping @Sendable (BuiltInRequest) async throws -> BuiltInResponse
  ) {
    route(method, at: pattern, timeout: timeout, crossOrigin: crossOrigin, respond)
  }

  @available(*, deprecated, renamed: "stop(drainingOver:)")
  public func stop(draining window: Duration) async { await stop(drainingOver: window) }

  @available(*, deprecated, renamed: "run(drainingOver:stopsOnSignals:onListening:)")
  public func run(
    draining window: Duration, stopsOnSignals: Bool = false,
    whenListening listening: @Sendable (ListeningAddress) -> Void = { _ in }
  ) async throws {
    try await run(drainingOver: window, stopsOnSignals: stopsOnSignals, onListening: listening)
  }
}

extension BuiltInResponse {
  @available(*, deprecated, renamed: "status(_:)")
  public static func empty(status: Int = 204) -> BuiltInResponse { .status(status) }
}
