import EventSourceServer

/// The response to `GET /stats`.
struct Statistics {
  private let runs: RunStatistics
  private let hub: HubStatistics

  init(_ runs: RunCollection) {
    self.runs = runs.statistics
    hub = runs.hub.statistics
  }

  var json: String {
    let ended = runs.ended.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
    return """
      {"active":\(runs.active),"retained":\(runs.retained),"bytes":\(runs.bytes),"started":\(runs.started),\
      "ended":{\(ended)},"viewers":\(hub.readers)}

      """
  }
}
