internal import EventSourceFormat

/// The parameters of a well-formed request. A class, because every access to a request's phase would copy a struct.
///
/// Lock rule, which makes the class `Sendable`: a plan created elsewhere is passed to the lane once. From then on only
/// the lane's thread uses it.
final class StreamPlan: @unchecked Sendable {
  /// A placeholder for a last event ID that no event can have: one that is too long or contains a line break or a NUL.
  /// It begins with a space. The `Last-Event-ID` field cannot carry that, and publishers may not use it, so no history
  /// knows the ID and the reader gets a gap event. A rejection would permanently end a browser's `EventSource` (WHATWG
  /// HTML 9.2.2).
  static let unusableLastEventID = " unusable"

  let request: any EventStreamRequest
  let channels: [ChannelName]
  let lastEventID: String?
  /// The time until which the request waits for a missing channel, once it has begun to wait.
  var waitEnd = Int64.never
  /// Whether the history was asked for the run.
  var wasSought = false
  /// Whether the history has not answered yet.
  var isSought = false
  /// The search for the reader's last event in the shared history of its run, if there was one.
  var catchUp: RunCatchUp?
  /// Whether a finished run is sent as JSON lines instead of events.
  let isJSONLines: Bool
  var isHead: Bool { request.method == "HEAD" }

  init(_ request: any EventStreamRequest, _ channels: [ChannelName], lastEventID: String?, isJSONLines: Bool = false) {
    self.request = request
    self.channels = channels
    self.lastEventID = lastEventID
    self.isJSONLines = isJSONLines
  }

  /// Parses a request. Throws the rejection of a malformed one. The caller handles OPTIONS.
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

  /// Returns the channels that the query names. If the path or the configuration names channels, the query must not add
  /// to them, because proxies apply their rules to the path.
  private static func queryChannels(
    _ target: RequestTarget, _ routeChannels: [String], _ configuration: EventStreamHandler.Configuration
  ) throws(EventStreamRejection) -> [String] {
    guard let item = configuration.channelQueryItem else { return [] }
    let names = target.values(of: item)
    guard !names.isEmpty, !configuration.addsChannelsFromQuery else { return names }
    guard configuration.channels.isEmpty else {
      throw .bad("the query item \"\(item)\" cannot add channels; this endpoint has its own")
    }
    // The root path has no segment that could name a channel, so the application chose the route's channels.
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

  /// Returns the last event ID: the field's value if it is present and not empty (WHATWG HTML 9.2.4), otherwise the
  /// query's.
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
