#if Hummingbird
  public import Hummingbird
  public import NIOCore

  /// A request context that knows the channel of its connection. Event streams need the channel to write without a task
  /// per event, and to detect that the reader has left.
  ///
  /// ```swift
  /// struct AppContext: EventStreamRequestContext {
  ///   var coreContext: CoreRequestContextStorage
  ///   let channel: any Channel
  ///   var user: User?
  ///
  ///   init(source: ApplicationRequestContextSource) {
  ///     coreContext = .init(source: source)
  ///     channel = source.channel
  ///   }
  /// }
  /// ```
  ///
  /// A context made from another one must copy its channel.
  public protocol EventStreamRequestContext: RequestContext, RemoteAddressRequestContext {
    /// The channel of the connection, or of the HTTP/2 stream: `channel` of Hummingbird's
    /// `ApplicationRequestContextSource`.
    var channel: any Channel { get }
  }

  extension EventStreamRequestContext {
    /// The peer's address. Behind a proxy this is the proxy's.
    public var remoteAddress: SocketAddress? { channel.remoteAddress }
  }

  /// A context for applications that need no other properties.
  public struct BasicEventStreamRequestContext: EventStreamRequestContext {
    /// Hummingbird's own data of a request.
    public var coreContext: CoreRequestContextStorage
    /// The channel of the connection, or of the HTTP/2 stream.
    public let channel: any Channel

    /// Creates a context, as Hummingbird does for each request.
    public init(source: ApplicationRequestContextSource) {
      coreContext = CoreRequestContextStorage(source: source)
      channel = source.channel
    }
  }
#endif
