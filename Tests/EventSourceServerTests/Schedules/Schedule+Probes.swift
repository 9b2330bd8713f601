import EventSourceServer
import EventSourceTesting

/// Sends requests that are not a reader's: malformed ones, HEAD and OPTIONS.
extension Schedule {
  func probe() {
    guard let stack = stacks.first(where: { !$0.isSuspended && !$0.isClosed && !$0.isDraining }),
      !options.hasAuthorizer,
      let simulated = stack.stack, !options.hasReaderLimits
    else { return }
    let handler = random.one(of: handlers)
    let endpoint = handler.configuration
    let kinds: [RequestKind] = [
      .head, .options, .badMethod, .notAcceptable, .badTarget, .pathAndQuery, .noChannel, .tooManyChannels,
      .unknownChannel,
    ]
    let kind = random.one(of: kinds)
    var request = SimulatedRequest(fields: [HeaderField("Origin", "https://a.example")])
    let name = options.names[0]
    var channels = endpoint.channels.isEmpty ? [channelName(name).rawValue] : []
    var expected: Set<Int> = [400]
    switch kind {
    case .head:
      request.method = "HEAD"
      expected = isOpen[name]! ? [200] : endpoint.missingChannel == .finished ? [204] : [404]
    case .options:
      request.method = "OPTIONS"
      expected = [204]
    case .badMethod:
      request.method = "POST"
      expected = [405]
    case .notAcceptable:
      request.fields.append(HeaderField("Accept", "text/html"))
      expected = [406]
    case .badTarget: request.target = "events x"
    case .pathAndQuery:
      guard let item = endpoint.channelQueryItem, !endpoint.addsChannelsFromQuery else { return }
      request.target = "/events/x?\(item)=staff"
    case .noChannel:
      guard endpoint.channels.isEmpty else { return }
      channels = []
      if endpoint.channelQueryItem != nil { request.target = "/events?other=1" }
    case .tooManyChannels:
      channels = (0...endpoint.maximumChannelsPerStream).map { "more\($0)" }
    default:
      guard options.hub.channelCreation == .explicit, endpoint.missingChannel == .notFound else { return }
      channels = ["nobody opened this"]
      expected = [404]
    }
    coverage.note(.request(kind))
    check()
    let connection = simulated.connect(handler, request, channels: channels)
    run(stack)
    let status = connection.response.head?.status ?? 0
    if let known = ResponseStatus(rawValue: "\(status)") { coverage.note(.status(known)) }
    if options.hub.channelCreation == .onDemand, options.hub.maximumChannels < 100 { expected.insert(503) }
    if !expected.contains(status) {
      report(kind == .pathAndQuery ? .path : .badInput, "a request of the kind \(kind) is answered \(status)")
    }
    let names = connection.response.head?.fields.map(\.name) ?? []
    if case .any = endpoint.crossOrigin.origins, !names.contains("Access-Control-Allow-Origin") {
      report(.badInput, "a response to another origin lacks its field")
    }
    if !connection.isFinished { report(.badInput, "a request of the kind \(kind) is not answered completely") }
  }
}
