// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// The names of version 0.1. They will be removed in version 0.3. `Changes.md` lists them with the current names.

public import EventSourceServer

@available(*, deprecated, renamed: "SimulatedResponse")
public typealias RecordingResponse = SimulatedResponse

extension SimulatedResponse {
  @available(*, deprecated, renamed: "takeWritableNotification()")
  public func payWritable() -> Bool { takeWritableNotification() }
  @available(*, deprecated, renamed: "needsWritableNotification")
  public var owesWritable: Bool { needsWritableNotification }
  @available(*, deprecated, renamed: "isDisconnected")
  public var isCut: Bool {
    get { isDisconnected }
    set { isDisconnected = newValue }
  }
}

extension SimulatedStack.Connection {
  @available(*, deprecated, renamed: "disconnect()")
  public func hangUp() { disconnect() }
  @available(*, deprecated, renamed: "session")
  public var exchange: EventStreamSession! { session }
}

extension AdapterContract.Check {
  @available(*, deprecated, renamed: "verify(_:)")
  public func run(over harness: some AdapterHarness) async throws { try await verify(harness) }
}

extension RepositoryContract.Check {
  @available(*, deprecated, renamed: "verify(_:within:)")
  public func run(over harness: some RepositoryHarness, within limit: Duration = .seconds(60)) async throws {
    try await verify(harness, within: limit)
  }
}
