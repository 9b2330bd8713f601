import Synchronization

extension EventHub {
  /// Ends every stream at once, each with what is published and the end of the response, and refuses new ones with 503.
  ///
  /// Publishing throws ``PublishError/closed`` from now on, also where it waits. Returns before the streams have ended:
  /// their lanes see to it.
  public func close() {
    admissions.setPhase(.closed)
    offers.close()
    for channel in channels.withLock({ Array($0.values) }) { channel.recording?.close() }
    for recording in recordings.withLock({ Array($0.values) }) { recording.close() }
    post(toAllLanes: .drain(0))
  }

  /// Ends every stream at a random moment within a time, and refuses new ones with 503 and `Retry-After`; returns when
  /// all have ended.
  ///
  /// Each reader gets what is published until its moment, a `retry` of its own, spread so that readers do not return
  /// together, and the end. One that takes nothing is cut off five seconds after its moment. Publishing goes on
  /// working.
  ///
  /// Returns early if the task is cancelled; the draining goes on.
  public func drain(over window: Duration) async {
    admissions.setPhase(.draining)
    log(.info, "the hub is draining") { [("readers", "\(admissions.total)")] }
    post(toAllLanes: .drain(window.nanoseconds))
    await admissions.becomesEmpty()
  }
}
