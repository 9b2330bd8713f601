import EventSourceFormat
import EventSourceServer

/// Throws a violation unless these are the events, in this order.
func require(_ found: [ServerSentEvent], equal expected: [ServerSentEvent], _ what: String) throws {
  guard found != expected else { return }
  let place = zip(found, expected).enumerated().first { $0.element.0 != $0.element.1 }?.offset
  let at = place ?? min(found.count, expected.count)
  throw ContractViolation(
    "\(what): \(found.count) events, expected \(expected.count); the first that differs is number \(at): "
      + "\(found.dropFirst(at).first.map(brief) ?? "none"), "
      + "expected \(expected.dropFirst(at).first.map(brief) ?? "none")"
  )
}

func name(_ id: EventID?) -> String { id.map { "the ID \"\($0.rawValue.prefix(80))\"" } ?? "no ID" }

func brief(_ event: ServerSentEvent) -> String {
  "\(name(event.id)) \"\(event.data.prefix(80))\" of type \(event.type?.rawValue ?? "none")"
}

func brief(_ answer: ReplayResult) -> String {
  switch answer {
  case .contiguous(let events): "\(events.count) events"
  case .gap(let events): "a gap before \(events.count) events"
  case .unknownID: "an unknown ID"
  }
}
