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
          mode, after, "\(min(max(1, events), 10_000))",
          "\(min(max(1, bytes), configuration.maximumReplyBytes / 2))",
        ], on: node, until: .max)
    } catch let failure as RedisRequest.Failure {
      throw failure.error
    }
    guard let parts = reply.elements, let kind = parts.first?.text else { throw failure(reply, node, channel) }
    guard parts.count > 1 else { return (kind, []) }
    let position = parts[1].text.flatMap { SharedPosition($0) }
    return (kind, try packedEvents(parts[2...], after: position, events, bytes, node, channel))
  }

  /// Returns the events of some packs that follow a position, up to the limits, but at least one.
  private func packedEvents(
    _ parts: ArraySlice<RedisReply>, after position: SharedPosition?, _ events: Int, _ bytes: Int, _ node: RedisNode,
    _ channel: ChannelName
  ) throws -> [SharedEvent] {
    var found: [SharedEvent] = []
    var used = 0
    for index in stride(from: parts.startIndex, to: parts.endIndex, by: 3) {
      guard index + 2 < parts.endIndex, let text = parts[index].text, let last = SharedPosition(text),
        let count = parts[index + 1].text.flatMap({ Int($0) }), case .bytes(let pack) = parts[index + 2]
      else { throw RedisHistoryError.invalidReply(server: node.server.description, reason: "an entry without an ID") }
      guard let packed = EventPack.events(in: pack, count: count, last: last) else {
        throw RedisHistoryError.invalidReply(
          server: node.server.description, reason: "the entry \(last) of \"\(channel)\" is not one of this library")
      }
      for packed in packed where position.map({ packed.event.position > $0 }) ?? true {
        guard found.isEmpty || (found.count < events && used < bytes) else { return found }
        found.append(packed.event)
        used += packed.byteCount
      }
    }
    return found
  }
}
