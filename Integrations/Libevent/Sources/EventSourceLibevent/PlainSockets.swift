import CLibevent

/// Which bufferevents are plain sockets, to whose descriptors one may write: not those of TLS, and not filters.
enum PlainSockets {
  /// Compares the table of operations, of which libevent has one for each kind, with that of a bufferevent made for it.
  static func isOne(_ candidate: UnsafeMutablePointer<bufferevent>) -> Bool {
    guard bufferevent_get_underlying(candidate) == nil, bufferevent_getfd(candidate) >= 0,
      let sample = bufferevent_socket_new(bufferevent_get_base(candidate), -1, 0)
    else { return false }
    defer { bufferevent_free(sample) }
    return sample.pointee.be_ops == candidate.pointee.be_ops
  }
}
