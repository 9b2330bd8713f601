import Synchronization

internal import EventSourceFormat
public import EventSourceServer

extension RedisEventRepository {
  /// Appends events to a channel atomically: all of them or none.
  ///
  /// If a reply is lost, the batch is sent again, and the server adds it only once. An event whose ID looks like one of
  /// the server's own begins a new epoch after it, so no two events get the same ID.
  public func append(_ events: [SharedPublication], to channel: ChannelName) async throws -> [SharedPlace] {
    guard !events.isEmpty else { return [] }
    for event in events { try event.event.id?.checkReturnable() }
    let node = node(of: channel)
    let batch = slots.take()
    defer { slots.release(batch) }
    let end = RedisLoop.now + configuration.publishTimeout.asNanoseconds
    let rest = try encoded(events, channel, node)
    var (mayHaveHappened, isRepeated) = (false, false)
    while true {
      do {
        let reply = try await run(
          .append, keys: keys(channel) + [key("t:\(process)-\(batch.slot)")], arguments(for: batch, channel, node),
          rest, on: node, until: end, waitsFor: configuration.durability)
        guard let text = reply.text else { throw failure(reply, node, channel) }
        return try places(text, events, node, channel)
      } catch let failure as RedisRequest.Failure {
        mayHaveHappened = mayHaveHappened || failure.mayHaveHappened
        guard mayHaveHappened else { throw failure.error }
        guard RedisLoop.now < end, !Task.isCancelled else { throw PublishError.outcomeUnknown(channel) }
        if !isRepeated {
          counters.repeated()
          log(
            .warning, "the answer of a Redis server was lost; the batch is sent again",
            [("channel", channel.rawValue), ("error", failure.error.description)])
        }
        isRepeated = true
        try? await Task.sleep(for: .milliseconds(50))
      } catch let error as RedisHistoryError {
        // The server has refused this attempt, but it may have executed an earlier one.
        if case .tooFewReplicas = error { throw error }
        throw mayHaveHappened ? PublishError.outcomeUnknown(channel) : error
      }
    }
  }

  /// Returns the arguments that depend on the state of the server, which may have lost events since the last attempt.
  private func arguments(for batch: BatchSlots.Batch, _ channel: ChannelName, _ node: RedisNode) -> [String] {
    let seen = seen[channel] ?? .beginning
    let losesNothing = node.state.withLock { $0.losesNothing }
    return [
      "\(batch.number)", "\(configuration.tokenLife)", losesNothing ? "1" : "0", "\(seen.epoch)", "\(seen.number)",
    ]
  }

  /// Returns the other arguments: the limits, the packs of events, and the events' IDs if any has its own.
  private func encoded(
    _ events: [SharedPublication], _ channel: ChannelName, _ node: RedisNode
  ) throws -> RedisArguments {
    let retention = configuration.retention
    let packs = EventPack.packs(of: events)
    var arguments = RedisArguments([
      "\(retention.maximumEvents ?? 0)", "\((retention.maximumAge?.asNanoseconds ?? 0) / 1_000_000)",
      "\((retention.idleExpiry?.asNanoseconds ?? 0) / 1_000_000_000)", messageName(channel, node), "\(events.count)",
      "\(packs.count)",
    ])
    // The message also has some numbers and its framing.
    var size = 1024
    for pack in packs {
      arguments.append("\(pack.count)")
      arguments.append(pack.bytes)
      size += pack.bytes.count
    }
    guard size <= configuration.maximumReplyBytes else {
      throw RedisHistoryError.tooLarge(
        server: node.server.description, bytes: size, limit: configuration.maximumReplyBytes)
    }
    if events.contains(where: { $0.event.id != nil }) {
      for event in events { arguments.append(event.event.id?.rawValue ?? "") }
    }
    return arguments
  }

  private func places(
    _ text: String, _ events: [SharedPublication], _ node: RedisNode, _ channel: ChannelName
  ) throws -> [SharedPlace] {
    let parts = text.split(separator: " ")
    guard parts.count == 3, let epoch = UInt64(parts[0]), let first = UInt64(parts[1]), epoch > 0,
      first < .max - UInt64(events.count)
    else { throw RedisHistoryError.invalidReply(server: node.server.description, reason: "\"\(text.prefix(64))\"") }
    let isAfterLoss = parts[2] == "1"
    counters.recorded(events.count, afterLoss: isAfterLoss)
    if isAfterLoss {
      log(.warning, "a Redis server may have lost events; readers are told of a gap", [("channel", channel.rawValue)])
    }
    var places: [SharedPlace] = []
    for (index, event) in events.enumerated() {
      let position = SharedPosition(epoch: epoch, number: first + UInt64(index))
      places.append(SharedPlace(position: position, id: event.event.id ?? EventID(position)))
    }
    seen.note(places[places.count - 1].position, in: channel)
    return places
  }
}

extension EventID {
  /// Creates the ID of an event that has none of its own.
  init(_ position: SharedPosition) {
    guard let id = try? EventID(position.description) else { preconditionFailure("digits are an ID") }
    self = id
  }
}
