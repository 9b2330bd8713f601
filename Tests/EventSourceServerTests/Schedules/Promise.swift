/// The rows of the guarantees page, by their first words.
enum Promise: String, CaseIterable {
  case order = "Order"
  case identity = "Identity"
  case resume = "Resume"
  case gaps = "Gaps are reported"
  case severalChannels = "Several channels"
  case life = "Life of a channel"
  case handle = "A handle means one life"
  case rules = "Rules can change"
  case historyOfEach = "Every channel has its history"
  case occupancy = "Occupancy"
  case listing = "Listing"
  case aliases = "Aliases"
  case missingChannel = "A missing channel"
  case historyBeforeStream = "History before stream"
  case neverSilentlyLive = "Never silently live"
  case isolation = "Isolation"
  case fairness = "Fairness"
  case slowReaders = "Slow readers"
  case memory = "Memory"
  case waits = "Waits"
  case fidelity = "Fidelity"
  case contentCoding = "Content coding"
  case authorization = "Authorization"
  case path = "A path names what is read"
  case liveness = "Liveness"
  case endings = "Endings"
  case acknowledgement = "Acknowledgement"
  case badInput = "Bad input"
}

/// A broken promise found by a schedule.
struct BrokenPromise: CustomStringConvertible {
  let promise: Promise
  let what: String

  var description: String { "\(promise.rawValue): \(what)" }
}
