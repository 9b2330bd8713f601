// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// The names of version 0.1. They will be removed in version 0.3. `Changes.md` lists them with the current names.

public import EventSourceFormat
public import EventSourceServer
public import Foundation

extension EventHub {
  @available(*, deprecated, renamed: "publish(json:type:id:to:coalescingKey:encoder:)")
  @discardableResult
  public func publish(
    json value: some Encodable, type: EventType? = nil, id: EventID? = nil, to name: ChannelName, key: String,
    encoder: JSONEncoder = JSONEncoder()
  ) throws -> EventID {
    try publish(json: value, type: type, id: id, to: name, coalescingKey: key, encoder: encoder)
  }

  @available(*, deprecated, renamed: "publish(json:type:id:to:coalescingKey:waitingUntil:encoder:)")
  @discardableResult
  public func publish(
    json value: some Encodable, type: EventType? = nil, id: EventID? = nil, to name: ChannelName, key: String? = nil,
    awaiting milestone: Milestone, encoder: JSONEncoder = JSONEncoder()
  ) async throws -> EventID {
    try await publish(
      json: value, type: type, id: id, to: name, coalescingKey: key, waitingUntil: milestone, encoder: encoder)
  }
}
