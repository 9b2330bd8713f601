import EventSourceServer
import TinyHTTP

/// A request in the form that the handler needs: a value, so that an authorizer can keep it.
struct StreamRequest: EventStreamRequest {
  let method: String
  let target: String
  let fields: [HeaderField]
  /// The server does not provide the address. Behind a proxy, it would not know the client's.
  let peer: String? = nil

  init(_ request: Request) {
    method = request.method
    target = request.target
    fields = request.fields.map { HeaderField($0.name, $0.value) }
  }
}
