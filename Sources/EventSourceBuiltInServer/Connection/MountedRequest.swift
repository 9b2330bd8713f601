import EventSourceServer

/// A request in the form that handlers receive.
struct MountedRequest: EventStreamRequest {
  let method: String
  let target: String
  let fields: [HeaderField]
  let peer: String?
}
