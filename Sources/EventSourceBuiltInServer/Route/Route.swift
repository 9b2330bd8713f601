import EventSourceServer

/// What serves an ordinary request.
struct Route: Sendable {
  /// Answers it.
  typealias Respond = @Sendable (BuiltInRequest) async throws -> BuiltInResponse

  /// Nil: the configuration's.
  var timeout: Duration?
  /// Nil: the configuration's.
  var crossOrigin: CrossOriginPolicy?
  var respond: Respond
}
