internal import EventSourceFormat

/// What a well-formed request asks for. In an object, because each look at the phase of a request copies its plan.
///
/// Lock rule, which makes the class `Sendable`: a plan made elsewhere is passed to the lane once. From then on only the
/// lane's thread uses it.
final class StreamPlan: @unchecked Sendable {
  /// Stands for a last event ID that no event can have: one that is too long, or has a line break or a NUL. It begins
  /// with a space, which the `Last-Event-ID` field cannot carry and publishers are refused, so whoever is asked for
  /// the events after it does not know it, and the reader is told of a gap. A rejection would end a browser's
  /// `EventSource` for good (WHATWG HTML 9.2.2).
  static let unusableLastEventID = " unusable"

  let request: any EventStreamRequest
  let channels: [ChannelName]
  let lastEventID: String?
  /// Until when a channel that is not there is waited for, once that has begun.
  var waitEnd = Int64.never
  /// Whether the history was asked for the run.
  var wasSought = false
  /// Whether a run is sent as JSON lines when it is over, instead of as events.
  let isJSONLines: Bool
  var isHead: Bool { request.method == "HEAD" }

  init(_ request: any EventStreamRequest, _ channels: [ChannelName], lastEventID: String?, isJSONLines: Bool = false) {
    self.request = request
    self.channels = channels
    self.lastEventID = lastEventID
    self.isJSONLines = isJSONLines
  }

  /// Reads a request; throws the rejection of one that is not well-formed. OPTIONS is not for here.
  convenience init(
    _ request: any EventStreamRequest, routeChannels: [String], _ configuration: EventStreamHandler.Configuration
  ) throws(EventStreamRejection) {
    guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed(request.method) }
    guard let target = RequestTarget(request.target) else { throw .bad("the request target is ill-formed") }
    guard AcceptField.admitsEventStream(request.fields.values(of: "Accept")) else { throw .notAcceptable }
    let queryChannels = try Self.queryChannels(target, routeChannels, configuration)
    let channels = try Self.channels(routeChannels + queryChannels, configuration)
    self.init(request, channels, lastEventID: Self.lastEventID(request, target, configuration))
  }

  /// The channels that the query names. Where the path or the configuration names what is read, the query must not
  /// add to it: rules of proxies look at the path.
  private static func queryChannels(
    _ target: RequestTarget, _ routeChannels: [String], _ configuration: EventStreamHandler.Configuration
  ) throws(EventStreamRejection) -> [String] {
    guard let item = configuration.channelQueryItem else { return [] }
    let names = target.values(of: item)
    guard !names.isEmpty, !configuration.addsChannelsFromQuery else { return names }
    guard configuration.channels.isEmpty else {
      throw .bad("the query item \"\(item)\" cannot add channels; this endpoint has its own")
    }
    // The root path has no segment that could name a channel: there the program chose the route's channels.
    guard routeChannels.isEmpty || target.path.utf8.allSatisfy({ $0 == UInt8(ascii: "/") }) else {
      throw .bad("the query item \"\(item)\" cannot add channels; the path names what is read")
    }
    return names
  }

  private static func channels(
    _ names: [String], _ configuration: EventStreamHandler.Configuration
  ) throws(EventStreamRejection) -> [ChannelName] {
    var channels = configuration.channels
    for text in names {
      let name: ChannelName
      do {
        name = try ChannelName(text)
      } catch {
        throw .bad("\(error)")
      }
      if !channels.contains(name) { channels.append(name) }
      guard channels.count <= configuration.maximumChannelsPerStream else {
        throw .bad("a stream has at most \(configuration.maximumChannelsPerStream) channels")
      }
    }
    guard !channels.isEmpty else { throw .bad("the request names no channel") }
    return channels
  }

  /// The field if it is there and not empty (WHATWG HTML 9.2.4), else the query.
  static func lastEventID(
    _ request: any EventStreamRequest, _ target: RequestTarget, _ configuration: EventStreamHandler.Configuration
  ) -> String? {
    let candidates =
      request.fields.values(of: "Last-Event-ID") + configuration.lastEventIDQueryItems.flatMap(target.values)
    guard let id = candidates.first(where: { !$0.isEmpty }) else { return nil }
    guard id.utf8.count <= configuration.maximumLastEventIDBytes, (try? EventID(id)) != nil else {
      return unusableLastEventID
    }
    return id
  }
}

extension EventStreamRejection: Error {}
