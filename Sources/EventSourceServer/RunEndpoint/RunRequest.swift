/// A request that starts a run.
public struct RunRequest: Sendable {
  /// The request's method, target, fields and peer.
  public var request: any EventStreamRequest
  /// Its body, without framing.
  public var body: [UInt8]
  /// The caller's identity, from the authorizer.
  public var identity: String?

  /// Creates a request, for example to test the function that starts runs.
  public init(request: any EventStreamRequest, body: [UInt8] = [], identity: String? = nil) {
    self.request = request
    self.body = body
    self.identity = identity
  }
}
