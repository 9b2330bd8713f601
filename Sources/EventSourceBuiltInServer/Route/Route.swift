import EventSourceServer

/// The endpoint of ordinary requests.
struct Route: Sendable {
  /// Responds to a request.
  typealias Respond = @Sendable (BuiltInRequest) async throws -> BuiltInResponse

  /// The time limit. `nil` means the configuration's.
  var timeout: Duration?
  /// The cross-origin policy. `nil` means the configuration's.
  var crossOrigin: CrossOriginPolicy?
  var respond: Respond
}
