import Synchronization

extension EventHub {
  /// Ends every stream immediately. Each reader gets what has been published, then the end of the response. New
  /// requests get 503.
  ///
  /// From now on publishing throws ``PublishError/closed``, including publications that are waiting. Returns before the
  /// streams have ended, because their lanes end them.
  public func close() {
    admissions.setPhase(.closed)
    offers.close()
    for channel in channels.withLock({ Array($0.values) }) { channel.recording?.close() }
    for store in runStores.withLock({ $0.compactMap(\.store) }) { store.close() }
    for recording in recordings.withLock({ Array($0.values) }) { recording.close() }
    stopFollowingAll()
    post(toAllLanes: .drain(0))
  }

  /// Ends every stream at a random time within a window, and returns when all have ended. New requests get 503 with
  /// `Retry-After`.
  ///
  /// Each reader receives everything published up to its closing time, then its own randomized `retry`, then the end of
  /// the stream. A reader that accepts no data is disconnected five seconds after its closing time. Publishing
  /// continues to work.
  ///
  /// Returns early if the task is cancelled. Draining continues.
  public func drain(over window: Duration) async {
    admissions.setPhase(.draining)
    log(.info, "the hub is draining") { [("readers", "\(admissions.total)")] }
    post(toAllLanes: .drain(window.nanoseconds))
    await admissions.becomesEmpty()
  }
}
