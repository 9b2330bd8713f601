#if Hummingbird
  public import EventSourceServer

  /// An authorizer that decides by the context of a request, such as a user that middleware has set.
  ///
  /// ```swift
  /// EventStreamHandler(hub, authorizer: ContextAuthorizer<AppContext> { context, channels in
  ///   guard let user = context.user else { return .rejected(.unauthorized()) }
  ///   return .granted(ChannelGrant(identity: user.id))
  /// })
  /// ```
  public struct ContextAuthorizer<Context: EventStreamRequestContext>: ChannelAuthorizer {
    /// The error for a route with another type of context.
    public struct OtherContext: Error, CustomStringConvertible {
      /// A one-line description.
      public var description: String {
        "the request's context is not a \(Context.self); serve this handler from routes with that context"
      }
    }

    private let decide: @Sendable (Context, [ChannelName]) async throws -> ChannelAuthorization

    /// Creates an authorizer.
    ///
    /// - Parameter decide: Receives the context and the requested channels. Errors that it throws are logged, and the
    ///   request gets 503.
    public init(_ decide: @escaping @Sendable (Context, [ChannelName]) async throws -> ChannelAuthorization) {
      self.decide = decide
    }

    /// Decides about a request. Throws ``OtherContext`` if its context has another type.
    public func authorize(
      _ request: any EventStreamRequest, for channels: [ChannelName]
    ) async throws -> ChannelAuthorization {
      guard let request = request as? HummingbirdEventStreamRequest<Context> else { throw OtherContext() }
      return try await decide(request.context, channels)
    }
  }
#endif
