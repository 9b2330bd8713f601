/// The status and fields of a response, and its body.
///
/// The initializer validates a head, so a stack can send it unchanged. An invalid status becomes 500, fields that are
/// not `HeaderField.isSendable` are omitted, and a status that forbids a body has none.
public struct EventStreamResponseHead: Sendable, Hashable {
  /// The body that follows the head.
  public enum Body: Sendable, Hashable {
    /// An event stream, written in parts until it ends. The stack chooses the framing.
    case stream
    /// These bytes. The stack adds `Content-Length`.
    case bytes([UInt8])
    /// No body: a response to HEAD, 204 or 304. The stack adds no `Content-Length`.
    case none
  }

  /// The status code, 200 to 599.
  public let status: Int
  /// The fields to send, all valid. The stack adds those that frame the message (`Content-Length`,
  /// `Transfer-Encoding`, `Connection`, `Date`).
  public let fields: [HeaderField]
  /// The body.
  public let body: Body

  /// Creates a head, with the corrections described above.
  public init(status: Int, fields: [HeaderField] = [], body: Body) {
    self.status = (200...599).contains(status) ? status : 500
    self.fields = fields.allSatisfy(\.isSendable) ? fields : fields.filter(\.isSendable)
    self.body =
      switch status {
      // These end with the empty line (RFC 9112, 6.3).
      case 204, 304: .none
      // No content either, but a length of 0 must be sent (RFC 9110, 15.3.6).
      case 205: body == .none ? .none : .bytes([])
      default: body
      }
  }
}
