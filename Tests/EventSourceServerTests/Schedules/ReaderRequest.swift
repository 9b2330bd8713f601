import EventSourceServer
import EventSourceTesting

/// The request of a reader. Its channels are in the route or the query, its last event ID in the field or the query.
struct ReaderRequest {
  private(set) var request: SimulatedRequest
  private(set) var routeChannels: [String]
  private(set) var lastEventID: String?
  /// Whether the ID is the one that the reader received last.
  private(set) var isSound = true
  private(set) var kinds: [RequestKind] = []
  private var query: [String] = []
  private let path: String

  init(
    _ reader: ModelReader, _ channels: [String], _ endpoint: EventStreamHandler.Configuration, attempt: Int,
    _ random: inout SeededRandom
  ) {
    let own = endpoint.channels.map(\.rawValue)
    let others = channels.filter { name in !own.contains { $0.utf8.elementsEqual(name.utf8) } }
    routeChannels = others
    lastEventID = reader.lastEventID
    let item = endpoint.channelQueryItem
    if !own.isEmpty {
      kinds.append(.endpointChannels)
      path = "/events"
    } else if let item, endpoint.addsChannelsFromQuery, random.isOnce(in: 2) {
      kinds.append(.addedByQuery)
      path = "/events/x"
      routeChannels = Array(others.prefix(1))
      query = others.dropFirst().map { "\(item)=\(Self.encoded($0))" }
    } else if let item, random.isOnce(in: 2) {
      kinds.append(.rootQuery)
      path = "/"
      routeChannels = Array(others.prefix(1))
      query = others.dropFirst().map { "\(item)=\(Self.encoded($0))" }
    } else {
      kinds.append(.route)
      path = "/events/x"
    }
    request = SimulatedRequest(
      fields: [
        HeaderField("X-Reader", "\(attempt)"), HeaderField("X-User", reader.user),
        HeaderField("Origin", "https://a.example"),
      ], peer: reader.user)
    if let lastEventID, let name = endpoint.lastEventIDQueryItems.randomElement(using: &random), random.isOnce(in: 4) {
      kinds.append(.idInQuery)
      query.append("\(name)=\(Self.encoded(lastEventID))")
    } else if let lastEventID {
      request.fields.append(HeaderField("Last-Event-ID", lastEventID))
    }
    let codings = [nil, "gzip", "gzip, br", "gzip, identity;q=0", "gzip"][attempt % 5]
    if endpoint.compression != nil, let codings {
      request.fields.append(HeaderField("Accept-Encoding", codings))
      kinds.append(.acceptsGzip)
    }
    isSound = (lastEventID?.utf8.count ?? 0) <= endpoint.maximumLastEventIDBytes
    setTarget()
  }

  /// Sends an ID that the reader has not received.
  mutating func sendGarbage(_ random: inout SeededRandom) {
    let long = String(repeating: "x", count: 5000)
    let garbage = random.one(of: ["unknown", "*", "*a:%GG", "*:,", "-1", "\u{7F}", "a-18446744073709551616", long])
    kinds.append(garbage == long ? .longID : .garbageID)
    request.fields.removeAll { $0.name == "Last-Event-ID" }
    query.removeAll { lastEventID != nil && $0.hasSuffix("=" + Self.encoded(lastEventID!)) }
    request.fields.append(HeaderField("Last-Event-ID", garbage))
    lastEventID = garbage
    isSound = false
    setTarget()
  }

  private mutating func setTarget() {
    request.target = path + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
  }

  private static func encoded(_ text: String) -> String {
    text.utf8.map { byte in
      let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
      let digits = String(byte, radix: 16)
      return isPlain ? String(UnicodeScalar(byte)) : "%" + (digits.count == 1 ? "0" : "") + digits
    }.joined()
  }
}
