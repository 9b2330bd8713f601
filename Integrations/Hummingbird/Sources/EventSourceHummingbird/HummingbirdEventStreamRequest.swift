#if Hummingbird
  public import EventSourceServer
  public import Hummingbird
  import HTTPTypes
  import NIOCore

  /// A Hummingbird request as passed to a `ChannelAuthorizer`, with the context that middleware has filled in.
  ///
  /// ``ContextAuthorizer`` unwraps it for you.
  public struct HummingbirdEventStreamRequest<Context: EventStreamRequestContext>: EventStreamRequest {
    /// The request, without its body.
    public let head: HTTPRequest
    /// The request's context, as the route received it.
    public let context: Context
    /// The request's fields, except those that frame the message.
    public let fields: [HeaderField]

    private static var framingNames: [String] { ["connection", "content-length", "trailer", "transfer-encoding"] }

    init(_ request: Request, _ context: Context) {
      head = request.head
      self.context = context
      var fields = request.headers.compactMap { field in
        Self.framingNames.contains(field.name.canonicalName)
          ? nil : HeaderField(field.name.rawName, field.value)
      }
      if let authority = request.head.authority { fields.append(HeaderField("Host", authority)) }
      self.fields = fields
    }

    /// The method, as received.
    public var method: String { head.method.rawValue }
    /// The request target, as received.
    public var target: String { head.path ?? "" }
    /// The peer's address, without a port.
    public var peer: String? { context.remoteAddress?.ipAddress }
  }
#endif
