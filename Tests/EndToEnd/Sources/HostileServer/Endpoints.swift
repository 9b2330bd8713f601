import EventSourceServer

/// What both stacks mount.
struct Endpoints {
  let streams: EventStreamHandler
  let privateStreams: EventStreamHandler
  let completeStreams: EventStreamHandler

  init(_ hub: EventHub) {
    var configuration = EventStreamHandler.Configuration()
    configuration.heartbeatInterval = .seconds(1)
    configuration.stallTimeout = .seconds(3)
    configuration.maximumConnectionTime = .seconds(20)
    configuration.reconnectionTime = .milliseconds(100)
    configuration.crossOrigin = .init(.any)
    streams = EventStreamHandler(hub, configuration: configuration)
    configuration.replaysWithoutLastEventID = true
    completeStreams = EventStreamHandler(hub, configuration: configuration)
    configuration.reauthorizationInterval = .milliseconds(300)
    privateStreams = EventStreamHandler(hub, configuration: configuration, authorizer: TokenAuthorizer())
  }

  /// Decides at once or later, by what the caller sends as its token.
  private struct TokenAuthorizer: ChannelAuthorizer {
    private struct Undecided: Error {}

    func authorize(
      _ request: any EventStreamRequest, for channels: [ChannelName]
    ) async throws -> ChannelAuthorization {
      switch request.target.split(separator: "token=").last {
      case "later": try await Task.sleep(for: .milliseconds(Int.random(in: 0...300)))
      case "brief": return .granted(ChannelGrant(validFor: .milliseconds(200)))
      case "mood": return Bool.random() ? .granted : .refused(.forbidden)
      case "error": throw Undecided()
      default: break
      }
      return .granted
    }
  }
}
