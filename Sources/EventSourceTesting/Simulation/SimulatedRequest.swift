public import EventSourceServer

/// A request made of values.
public struct SimulatedRequest: EventStreamRequest {
  /// The method.
  public var method: String
  /// The path and query.
  public var target: String
  /// The fields.
  public var fields: [HeaderField]
  /// Who asks.
  public var peer: String?

  /// Makes a request, by default one for a stream.
  public init(
    method: String = "GET", target: String = "/events", fields: [HeaderField] = [], lastEventID: String? = nil,
    peer: String? = "192.0.2.1"
  ) {
    self.method = method
    self.target = target
    self.fields = fields
    self.peer = peer
    if let lastEventID { self.fields.append(HeaderField("Last-Event-ID", lastEventID)) }
  }
}
