/// The status and fields of a response, and what follows them.
public struct EventStreamResponseHead: Sendable, Hashable {
  /// What follows the head.
  public enum Body: Sendable, Hashable {
    /// An event stream, written in pieces until it is ended. The stack chooses the framing.
    case stream
    /// These bytes. The stack adds `Content-Length`.
    case bytes([UInt8])
    /// Nothing: a reply to HEAD, or 204. The stack adds no `Content-Length`.
    case none
  }

  /// The status code, 200 to 599.
  public var status: Int
  /// The fields that the handler wants sent. Those that frame the message (`Content-Length`, `Transfer-Encoding`,
  /// `Connection`, `Date`) are the stack's.
  public var fields: [EventStreamField]
  /// What follows.
  public var body: Body

  /// Makes a head.
  public init(status: Int, fields: [EventStreamField] = [], body: Body) {
    self.status = status
    self.fields = fields
    self.body = body
  }
}
