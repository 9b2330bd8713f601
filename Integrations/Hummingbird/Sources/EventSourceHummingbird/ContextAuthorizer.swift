#if Hummingbird
  public import EventSourceServer

  /// An authorizer that decides by the context of a request, such as the user that a middleware has put there.
  ///
  /// ```swift
  /// EventStreamHandler(hub, authorizer: ContextAuthorizer<AppContext> { context, channels in
  ///   guard let user = context.user else { return .rejected(.unauthorized()) }
  ///   return .granted(ChannelGrant(identity: user.id))
  /// })
  /// ```
  public struct ContextAuthorizer<Context: EventStreamRequestContext>: ChannelAuthorizer {
    /// The handler was asked by a route with another type of context.
    public struct OtherContext: Error, CustomStringConvertible {
      /// One line for a person.
      public var description: String {
        "the request's context is not a \(Context.self); serve this handler from routes with that context"
      }
    }

    private let decide: @Sendable (Context, [ChannelName]) async throws -> ChannelAuthorization

    /// Creates an authorizer.
    ///
    /// - Parameter decide: Is given the context and the requested channels. What it throws is logged, and answered with
    ///   503.
    public init(_ decide: @escaping @Sendable (Context, [ChannelName]) async throws -> ChannelAuthorization) {
      self.decide = decide
    }

    /// Decides about a request. Throws ``OtherContext`` for one of another type.
    public func authorize(
      _ request: any EventStreamRequest, for channels: [ChannelName]
    ) async throws -> ChannelAuthorization {
      guard let request = request as? HummingbirdEventStreamRequest<Context> else { throw OtherContext() }
      return try await decide(request.context, channels)
    }
  }
#endif
