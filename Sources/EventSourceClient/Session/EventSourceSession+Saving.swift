extension EventSourceSession {
  /// Saves an ID in the store, if there is one and it does not hold that ID already.
  func commit(_ id: String) async throws {
    guard let store = configuration.lastEventIDStore, savedID != id else { return }
    if let flaw = LastEventIDField.flaw(id) {
      // After an ID that cannot be sent nothing can continue; the last one that can is kept.
      return log(.warning, "a last event ID is not saved") { [("reason", flaw)] }
    }
    try await store.save(id)
    savedID = id
  }

  /// Saves an ID; closing the source and canceling the task end the wait for the store.
  ///
  /// - Throws: What the store throws; `CancellationError`, when the wait was cut short.
  func commitUntilClosed(_ id: String) async throws {
    guard configuration.lastEventIDStore != nil, savedID != id else { return }
    let save = Abandonable<Void>()
    pendingSave = save
    defer { pendingSave = nil }
    guard !wasClosedByCaller else { return }
    try await save.run { try await self.commit(id) }
  }
}
