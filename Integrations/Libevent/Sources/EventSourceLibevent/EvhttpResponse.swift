import CLibevent
import EventSourceServer
import Glibc

/// The response to one `evhttp_request`. On the base's thread only.
///
/// Where the connection is a plain socket with nothing pending, the log's bytes go straight to the descriptor, in one
/// gathered write with the chunk's framing around them; what the kernel does not take, and everything on other kinds of
/// bufferevents, is referenced by the connection's evbuffer, at most ``mostPending`` bytes of it.
final class EvhttpResponse: EventStreamResponse {
  private static let mostPending = 64 << 10
  /// Nothing more is read of a client that talks while it is to listen.
  private static let mostInput = 4096

  private let loop: LibeventLoop
  private let connection: OpaquePointer
  private let bufferevent: UnsafeMutablePointer<bufferevent>
  private let output: OpaquePointer
  /// nil once libevent has the request back.
  private var request: OpaquePointer?
  private var watch: OpaquePointer?
  /// The socket, if it is a plain one.
  private var descriptor: Int32?
  /// Something is in the connection's output.
  private var isPending = false
  private var isChunked = false
  /// What the program gave the connection, while it is other than that.
  private var usual: (read: timeval, write: timeval, watermark: event_watermark)?
  private var owesWritable = false
  /// Set by whoever serves the request; let go when the stream is over.
  var exchange: EventStreamExchange?

  init?(_ request: OpaquePointer, loop: LibeventLoop) {
    guard let connection = evhttp_request_get_connection(request),
      let bufferevent = evhttp_connection_get_bufferevent(connection),
      let output = bufferevent_get_output(bufferevent)
    else { return nil }
    self.loop = loop
    self.request = request
    self.connection = connection
    self.bufferevent = bufferevent
    self.output = output
    // libevent holds the response until the stream is over, or the connection gone.
    let argument = Unmanaged.passRetained(self).toOpaque()
    evhttp_connection_set_closecb(
      connection,
      { _, argument in Unmanaged<EvhttpResponse>.fromOpaque(argument!).takeUnretainedValue().connectionGone() },
      argument)
  }

  /// Lets the base see that the peer leaves while its request waits for an answer, however long: evhttp reads nothing
  /// then, and has its timeouts only for peers that are to send something.
  func watchForClosing() {
    guard request != nil else { return }
    usual = (bufferevent.pointee.timeout_read, bufferevent.pointee.timeout_write, bufferevent.pointee.wm_read)
    // Without a callback for what is read, which stays for evhttp to be read later; it sets its own again.
    bufferevent_setcb(bufferevent, nil, nil, bufferevent.pointee.errorcb, bufferevent.pointee.cbarg)
    listen()
    bufferevent_enable(bufferevent, Int16(EV_READ))
  }

  private func listen() {
    bufferevent_set_timeouts(bufferevent, nil, nil)
    bufferevent_setwatermark(bufferevent, Int16(EV_READ), 0, Self.mostInput)
  }

  /// The connection goes on as one of evhttp's, after a response that is not a stream.
  private func stopListening() {
    guard var usual else { return }
    bufferevent_set_timeouts(bufferevent, &usual.read, &usual.write)
    bufferevent_setwatermark(bufferevent, Int16(EV_READ), usual.watermark.low, usual.watermark.high)
  }

  func start(_ head: EventStreamResponseHead) {
    guard let request else { return }
    let headers = evhttp_request_get_output_headers(request)
    for field in head.fields { evhttp_add_header(headers, field.name, field.value) }
    switch head.body {
    case .none:
      stopListening()
      let request = release()
      evhttp_send_reply(request, Int32(head.status), nil, nil)
    case .bytes(let bytes):
      stopListening()
      let body = evbuffer_new()
      evbuffer_add(body, bytes, bytes.count)
      let request = release()
      evhttp_send_reply(request, Int32(head.status), nil, body)
      evbuffer_free(body)
    case .stream:
      // The connection is not used again: its timeouts and watermarks are a stream's from now on.
      evhttp_add_header(headers, "Connection", "close")
      evhttp_send_reply_start(request, Int32(head.status), "OK")
      isChunked = evhttp_find_header(headers, "Transfer-Encoding") != nil
      descriptor = PlainSockets.isOne(bufferevent) ? bufferevent_getfd(bufferevent) : nil
      isPending = evbuffer_get_length(output) > 0
      listen()
      watch = evbuffer_add_cb(
        output,
        { output, _, argument in
          guard evbuffer_get_length(output) == 0 else { return }
          Unmanaged<EvhttpResponse>.fromOpaque(argument!).takeUnretainedValue().outputWasSent()
        }, Unmanaged.passUnretained(self).toOpaque())
    }
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    guard request != nil else { return .peerGone }
    if isPending { return take(0) }
    var taken = 0
    while taken < bytes.count {
      let count = min(bytes.count - taken, Self.mostPending)
      let frame = ChunkFrame(isChunked ? count : nil)
      var sent = 0
      if let descriptor {
        sent = frame.send(bytes.pointer + taken, count, to: descriptor)
        guard sent >= 0 else {
          dropConnection()
          return .peerGone
        }
      }
      if sent < frame.byteCount(around: count) {
        frame.append(to: output, bytes, from: taken, count, without: sent)
        isPending = true
        return take(taken + count)
      }
      taken += count
    }
    return .accepted(taken)
  }

  func end(_ ending: EventStreamEnding) {
    switch ending {
    case .complete:
      // Whoever takes nothing of the rest is not waited for for ever.
      var time = timeval(tv_sec: 30, tv_usec: 0)
      bufferevent_set_timeouts(bufferevent, nil, &time)
      complete()
    case .aborted:
      dropConnection()
    }
  }

  /// Hands the end to evhttp, which sends it behind what is pending; until then the response counts as unfinished.
  private func complete() {
    guard let request = release() else { return }
    loop.unfinished += 1
    let argument = Unmanaged.passRetained(self).toOpaque()
    evhttp_connection_set_closecb(
      connection, { _, argument in Unmanaged<EvhttpResponse>.fromOpaque(argument!).takeRetainedValue().wasCompleted() },
      argument
    )
    evhttp_request_set_on_complete_cb(
      request,
      { request, argument in
        evhttp_connection_set_closecb(evhttp_request_get_connection(request), nil, nil)
        Unmanaged<EvhttpResponse>.fromOpaque(argument!).takeRetainedValue().wasCompleted()
      }, argument
    )
    evhttp_send_reply_end(request)
  }

  private func wasCompleted() { loop.unfinished -= 1 }

  private func take(_ count: Int) -> EventStreamWriteResult {
    owesWritable = true
    return .accepted(count)
  }

  private func outputWasSent() {
    isPending = false
    guard owesWritable else { return }
    owesWritable = false
    exchange?.becameWritable()
    loop.runSoon()
  }

  private func connectionGone() {
    let exchange = exchange
    let request = release()
    // libevent takes a request off a connection that its peer has closed and leaves it to whoever answers it; one that
    // is still on its connection goes with that.
    if let request, evhttp_request_get_connection(request) == nil { evhttp_request_free(request) }
    exchange?.peerGone()
    loop.runSoon()
  }

  /// Closes the connection without completing the response.
  private func dropConnection() {
    guard request != nil else { return }
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(bufferevent_getfd(bufferevent), SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    _ = release()
    evhttp_connection_free(connection)
  }

  /// Lets go of the request, once: from now on nothing of libevent's refers to this object.
  private func release() -> OpaquePointer? {
    guard let request else { return nil }
    self.request = nil
    exchange = nil
    evhttp_connection_set_closecb(connection, nil, nil)
    if let watch { evbuffer_remove_cb_entry(output, watch) }
    watch = nil
    Unmanaged.passUnretained(self).release()
    return request
  }
}
