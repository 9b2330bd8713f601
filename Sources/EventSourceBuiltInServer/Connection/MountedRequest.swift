import EventSourceServer

/// A request on its way to a handler.
struct MountedRequest: EventStreamRequest {
  let method: String
  let target: String
  let fields: [HeaderField]
  let peer: String?
}
