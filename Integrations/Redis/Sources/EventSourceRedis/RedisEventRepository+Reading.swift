internal import EventSourceFormat
public import EventSourceServer

extension RedisEventRepository {
  /// Returns the events of a channel after the requested one.
  public func events(for request: ReplayRequest) async throws -> ReplayResult {
    let (kind, events) = try await read(
      "id", request.lastEventID?.rawValue ?? "", request.channel, request.maximumEvents, request.maximumBytes)
    switch kind {
    case "contiguous": return .contiguous(events.map(\.event))
    case "gap": return .gap(events.map(\.event))
    default: return .unknownID
    }
  }

  /// Returns the events of a channel after a position.
  public func events(
    after position: SharedPosition, in channel: ChannelName, maximumEvents: Int, maximumBytes: Int
  ) async throws -> SharedAnswer {
    let (kind, events) = try await read("position", position.description, channel, maximumEvents, maximumBytes)
    return kind == "contiguous" ? .contiguous(events) : .gap
  }

  /// Returns the position and ID of a channel's newest event.
  public func newestPlace(in channel: ChannelName) async throws -> SharedPlace? {
    let node = node(of: channel)
    let reply = try await asked(
      RedisCommand("HMGET", keys(channel)[1], "epoch", "number", "own"), node)
    guard let values = reply.elements, values.count == 3 else { throw failure(reply, node, channel) }
    guard let position = position(values) else { return nil }
    let own = values[2].text ?? ""
    let id = own.isEmpty ? EventID(position) : try EventID(own)
    seen.note(position, in: channel)
    return SharedPlace(position: position, id: id)
  }

  func position(_ values: [RedisReply]) -> SharedPosition? {
    guard values.count >= 2, let epoch = values[0].text.flatMap({ UInt64($0) }), epoch > 0,
      let number = values[1].text.flatMap({ UInt64($0) })
    else { return nil }
    return SharedPosition(epoch: epoch, number: number)
  }

  func asked(_ command: RedisCommand, _ node: RedisNode) async throws -> RedisReply {
    do {
      return try await ask(command, node, .max)
    } catch let failure as RedisRequest.Failure {
      throw failure.error
    }
  }

  private func read(
    _ mode: String, _ after: String, _ channel: ChannelName, _ events: Int, _ bytes: Int
  ) async throws -> (String, [SharedEvent]) {
    let node = node(of: channel)
    counters.read()
    let reply: RedisReply
    do {
      reply = try await run(
        .read, keys: keys(channel),
        [
          .text(mode), .text(after), .text("\(min(max(1, events), 10_000))"),
          .text("\(min(max(1, bytes), configuration.maximumReplyBytes / 2))"),
        ], on: node,
        until: .max)
    } catch let failure as RedisRequest.Failure {
      throw failure.error
    }
    guard let parts = reply.elements, let kind = parts.first?.text, parts.count % 2 == 1 else {
      throw failure(reply, node, channel)
    }
    var found: [SharedEvent] = []
    for index in stride(from: 1, to: parts.count, by: 2) {
      guard let text = parts[index].text, let position = SharedPosition(text), case .bytes(let bytes) = parts[index + 1]
      else { throw RedisHistoryError.invalidReply(server: node.server.description, reason: "an entry without an ID") }
      var rest = bytes[...]
      guard let event = StoredEvent(&rest)?.event(at: position) else {
        throw RedisHistoryError.invalidReply(
          server: node.server.description, reason: "the entry \(position) of \"\(channel)\" is not one of this library")
      }
      found.append(event)
    }
    return (kind, found)
  }
}
