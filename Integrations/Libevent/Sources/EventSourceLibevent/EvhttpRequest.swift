import CLibevent
import EventSourceServer

/// What an `evhttp_request` says, copied out of it: the handler may ask long after libevent has freed it.
struct EvhttpRequest: EventStreamRequest {
  let method: String
  let target: String
  let fields: [HeaderField]
  let peer: String?
  let path: String

  init(_ request: OpaquePointer) {
    method = Self.name(of: evhttp_request_get_command(request))
    target = evhttp_request_get_uri(request).map { String(cString: $0) } ?? ""
    let form = RequestTarget.originForm(of: target)
    path = form.map { String($0.origin.prefix { $0 != "?" }) } ?? ""
    var fields: [HeaderField] = []
    var next = evhttp_request_get_input_headers(request)?.pointee.tqh_first
    while let header = next {
      fields.append(HeaderField(String(cString: header.pointee.key), String(cString: header.pointee.value)))
      next = header.pointee.next.tqe_next
    }
    self.fields = fields.compactMap { field in
      let name = field.name.lowercased()
      if Self.framingNames.contains(name) { return nil }
      // RFC 9112, 3.2.2.
      if name == "host", let authority = form?.authority { return HeaderField(field.name, authority) }
      return field
    }
    var address: UnsafeMutablePointer<CChar>?
    var port: UInt16 = 0
    evhttp_connection_get_peer(evhttp_request_get_connection(request), &address, &port)
    peer = address.map { String(cString: $0) }
  }

  private static let framingNames = ["connection", "content-length", "trailer", "transfer-encoding"]

  private static func name(of command: evhttp_cmd_type) -> String {
    switch command {
    case EVHTTP_REQ_GET: "GET"
    case EVHTTP_REQ_HEAD: "HEAD"
    case EVHTTP_REQ_POST: "POST"
    case EVHTTP_REQ_PUT: "PUT"
    case EVHTTP_REQ_DELETE: "DELETE"
    case EVHTTP_REQ_OPTIONS: "OPTIONS"
    case EVHTTP_REQ_TRACE: "TRACE"
    case EVHTTP_REQ_CONNECT: "CONNECT"
    case EVHTTP_REQ_PATCH: "PATCH"
    default: ""
    }
  }
}
