import EventSourceServer
import TinyHTTP

/// A request, as the handler wants to see it: a value, so that an authorizer may keep it.
struct StreamRequest: EventStreamRequest {
  let method: String
  let target: String
  let fields: [EventStreamField]
  /// The server does not tell; behind a proxy it could not.
  let peer: String? = nil

  init(_ request: Request) {
    method = request.method
    target = request.target
    fields = request.fields.map { EventStreamField($0.name, $0.value) }
  }
}
