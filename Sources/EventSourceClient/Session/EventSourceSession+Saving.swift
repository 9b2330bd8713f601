extension EventSourceSession {
  /// Saves an ID, if there is a store and it does not already hold that ID.
  func commit(_ id: String) async throws {
    guard let store = configuration.lastEventIDStore, savedID != id else { return }
    if let flaw = LastEventIDField.flaw(id) {
      // No request can resume after an ID that cannot be sent, so the store keeps the previous one.
      return log(.warning, "a last event ID is not saved") { [("reason", flaw)] }
    }
    try await store.save(id)
    savedID = id
  }

  /// Saves an ID. Closing the source or cancelling the task ends the wait for the store.
  ///
  /// - Throws: Any error of the store, or `CancellationError` if the wait was interrupted.
  func commitUntilClosed(_ id: String) async throws {
    guard configuration.lastEventIDStore != nil, savedID != id else { return }
    let save = Abandonable<Void>()
    pendingSave = save
    defer { pendingSave = nil }
    guard !wasClosedByCaller else { return }
    try await save.run { try await self.commit(id) }
  }
}
