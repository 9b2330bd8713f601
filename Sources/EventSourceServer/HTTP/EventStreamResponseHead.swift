/// The status and fields of a response, and what follows them.
///
/// A head is checked when it is made, so that a stack may send it as it is: a status that no response can have becomes
/// 500, a field that is not ``EventStreamField/isSendable`` is left out, and a status that forbids a body has none.
public struct EventStreamResponseHead: Sendable, Hashable {
  /// What follows the head.
  public enum Body: Sendable, Hashable {
    /// An event stream, written in pieces until it is ended. The stack chooses the framing.
    case stream
    /// These bytes. The stack adds `Content-Length`.
    case bytes([UInt8])
    /// Nothing: a reply to HEAD, 204 or 304. The stack adds no `Content-Length`.
    case none
  }

  /// The status code, 200 to 599.
  public let status: Int
  /// The fields that the handler wants sent, all of them sendable. Those that frame the message (`Content-Length`,
  /// `Transfer-Encoding`, `Connection`, `Date`) are the stack's.
  public let fields: [EventStreamField]
  /// What follows.
  public let body: Body

  /// Makes a head of what can be sent.
  public init(status: Int, fields: [EventStreamField] = [], body: Body) {
    self.status = (200...599).contains(status) ? status : 500
    self.fields = fields.allSatisfy(\.isSendable) ? fields : fields.filter(\.isSendable)
    self.body =
      switch status {
      // The empty line ends these (RFC 9112, 6.3).
      case 204, 304: .none
      // No content either, but a length of 0 has to say so (RFC 9110, 15.3.6).
      case 205: body == .none ? .none : .bytes([])
      default: body
      }
  }
}
