import CLibevent
import EventSourceServer
import Glibc

/// The response to one `evhttp_request`. On the base's thread only.
///
/// Where the connection is a plain socket with nothing pending and no rate limit, the log's bytes go straight to the
/// descriptor; what the kernel does not take, and everything on other kinds of bufferevents, is referenced by the
/// connection's evbuffer, at most ``mostPending`` bytes of it.
///
/// The callbacks that evhttp has for a connection and a request are the program's own and stay so. What became of the
/// request is learned from an empty reference in its input buffer, which libevent releases with the request, and that
/// the peer has left from the bufferevent.
final class EvhttpResponse: EventStreamResponse {
  private static let mostPending = 64 << 10
  /// Nothing more is read of a client that talks while it is to listen.
  private static let mostInput = 4096
  /// For how long a peer may take nothing of a stream's end, in seconds.
  private static let endTimeout = 30

  private enum Stage {
    /// The request is the handler's. -> completing, over
    case serving
    /// The response is complete and evhttp sends what is left of it. -> over
    case completing
    /// libevent has freed the request or is about to.
    case over
  }

  private let loop: LibeventLoop
  private let request: OpaquePointer
  private let connection: OpaquePointer
  private let bufferevent: UnsafeMutablePointer<bufferevent>
  private var outputs: OutputBuffers!
  private var callbacks: BuffereventCallbacks!
  private var stage = Stage.serving
  private var socket: DirectSocket?
  /// What the bufferevent writes at most at once, which is less than this if its rate is limited.
  private var mostAtOnce = 0
  private var isChunked = false
  /// Something is in the connection's output.
  private var isPending = false
  private var isWriting = false
  private var needsWritableNotification = false
  /// What the program gave the connection, while it is other than that.
  private var usual: (read: timeval, write: timeval, watermark: event_watermark)?
  /// Set by whoever serves the request; released when the stream is over.
  var session: EventStreamSession?

  init?(_ request: OpaquePointer, loop: LibeventLoop) {
    guard let connection = evhttp_request_get_connection(request),
      let bufferevent = evhttp_connection_get_bufferevent(connection),
      let input = evhttp_request_get_input_buffer(request)
    else { return nil }
    self.loop = loop
    self.request = request
    self.connection = connection
    self.bufferevent = bufferevent
    outputs = OutputBuffers(bufferevent) { [unowned self] in outputWasSent() }
    callbacks = BuffereventCallbacks(bufferevent) { [unowned self] in heard($0) }
    // A stream needs no body, and keeps none.
    evbuffer_drain(input, evbuffer_get_length(input))
    // libevent holds the response for as long as it has the request.
    let argument = Unmanaged.passRetained(self)
    let result = evbuffer_add_reference(
      input, "", 0,
      { _, _, argument in Unmanaged<EvhttpResponse>.fromOpaque(argument!).takeRetainedValue().requestWasFreed() },
      argument.toOpaque())
    guard result == 0 else {
      argument.release()
      return nil
    }
  }

  /// Lets the base see that the peer leaves while its request waits for an answer, however long: evhttp reads nothing
  /// then, and has its timeouts only for peers that are to send something.
  func watchForClosing() {
    guard stage == .serving else { return }
    usual = (bufferevent.pointee.timeout_read, bufferevent.pointee.timeout_write, bufferevent.pointee.wm_read)
    callbacks.interpose()
    listen()
    bufferevent_enable(bufferevent, Int16(EV_READ))
  }

  private func listen() {
    bufferevent_set_timeouts(bufferevent, nil, nil)
    bufferevent_setwatermark(bufferevent, Int16(EV_READ), 0, Self.mostInput)
  }

  /// The connection goes on as one of evhttp's.
  private func stopListening() {
    guard var usual else { return }
    self.usual = nil
    bufferevent_set_timeouts(bufferevent, &usual.read, &usual.write)
    bufferevent_setwatermark(bufferevent, Int16(EV_READ), usual.watermark.low, usual.watermark.high)
  }

  func start(_ head: EventStreamResponseHead) {
    guard stage == .serving else { return }
    let headers = evhttp_request_get_output_headers(request)
    for field in head.fields { evhttp_add_header(headers, field.name, field.value) }
    switch head.body {
    case .none: reply(head.status, [])
    case .bytes(let bytes): reply(head.status, bytes)
    case .stream: startStream(head.status, headers)
    }
  }

  private func reply(_ status: Int, _ bytes: [UInt8]) {
    let body = evbuffer_new()
    evbuffer_add(body, bytes, bytes.count)
    stopListening()
    complete { [request] in evhttp_send_reply(request, Int32(status), nil, body) }
    evbuffer_free(body)
  }

  private func startStream(_ status: Int, _ headers: UnsafeMutablePointer<evkeyvalq>?) {
    // To a reader of HTTP/1.0 that would keep the connection, evhttp would promise a body of no bytes.
    let input = evhttp_request_get_input_headers(request)
    if let options = evhttp_find_header(input, "Connection"), strncasecmp(options, "keep-alive", 10) == 0 {
      evhttp_remove_header(input, "Connection")
    }
    evhttp_send_reply_start(request, Int32(status), "OK")
    isChunked = evhttp_find_header(headers, "Transfer-Encoding") != nil
    callbacks.interpose()
    listen()
    mostAtOnce = bufferevent_get_max_single_write(bufferevent)
    if loop.isPlainSocket(bufferevent), !hasRateLimit {
      socket = DirectSocket(descriptor: bufferevent_getfd(bufferevent))
    }
    outputs.flush()
    isPending = !outputs.isEmpty
    outputs.watch()
  }

  /// Whether the bufferevent's rate is limited, by a limit of its own or of a group.
  private var hasRateLimit: Bool {
    bufferevent_set_max_single_write(bufferevent, Int.max)
    defer { bufferevent_set_max_single_write(bufferevent, mostAtOnce) }
    return bufferevent_get_max_to_write(bufferevent) != Int.max
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    guard stage == .serving else { return .peerDisconnected }
    if isPending { return take(0) }
    // A limit that came later.
    if socket != nil, bufferevent_get_max_to_write(bufferevent) != mostAtOnce { socket = nil }
    isWriting = true
    defer { isWriting = false }
    var taken = 0
    while taken < bytes.count {
      let count = min(bytes.count - taken, Self.mostPending)
      let size = isChunked ? ChunkFrame(around: count).byteCount : count
      var sent = 0
      if let socket {
        guard
          let count = socket.send(bytes, from: taken, count: count, isFramed: isChunked, sharing: loop.sharedChunk)
        else {
          dropConnection()
          return .peerDisconnected
        }
        sent = count
      }
      if sent < size {
        outputs.append(bytes, from: taken, count: count, isFramed: isChunked, without: sent)
        outputs.flush()
        isPending = !outputs.isEmpty
        if isPending { return take(taken + count) }
      }
      taken += count
    }
    return .accepted(taken)
  }

  private func take(_ count: Int) -> EventStreamWriteResult {
    needsWritableNotification = true
    return .accepted(count)
  }

  func end(_ ending: EventStreamEnding) {
    guard stage == .serving else { return }
    switch ending {
    case .complete:
      var time = timeval(tv_sec: Self.endTimeout, tv_usec: 0)
      bufferevent_set_timeouts(bufferevent, nil, &time)
      // Over a filter, evhttp would close a connection of HTTP/1.0 as soon as its own buffer is empty.
      complete(isWaiting: !isChunked && outputs.isLayered) { [request] in evhttp_send_reply_end(request) }
    case .aborted:
      dropConnection()
    }
  }

  /// What evhttp has yet to be given when everything has left the buffers.
  private var rest: (() -> Void)?

  /// Hands the end to evhttp, which sends it behind what is pending; until then the response counts as unfinished.
  ///
  /// - Parameter isWaiting: Hands it over only when nothing is pending.
  private func complete(isWaiting: Bool = false, _ send: @escaping () -> Void) {
    stage = .completing
    session = nil
    loop.unfinished += 1
    if !outputs.isLayered {
      outputs.unwatch()
      callbacks.withdraw()
      return send()
    }
    // What is below a filter is not evhttp's to wait for, so that its callback is called when that has left, too.
    if isWaiting {
      rest = send
    } else {
      send()
      guard stage == .completing else { return }
      rest = { [unowned self] in callbacks.handOn(.written) }
      callbacks.interpose()
    }
    outputs.watch()
    outputs.flush()
    if outputs.isEmpty { loop.finishLater(self) }
  }

  /// From the loop: everything has left the buffers.
  func finish() {
    guard stage == .completing, outputs.isEmpty, let rest else { return }
    self.rest = nil
    outputs.unwatch()
    callbacks.withdraw()
    rest()
  }

  private func outputWasSent() {
    if stage == .completing { return loop.finishLater(self) }
    // Within a write it is seen there, and the lane may not be called.
    guard !isWriting else { return }
    isPending = false
    guard needsWritableNotification else { return }
    needsWritableNotification = false
    session?.becameWritable()
    loop.runSoon()
  }

  private func heard(_ event: BuffereventCallbacks.Event) {
    guard case .ended = event else { return }
    withExtendedLifetime(self) {
      outputs.unwatch()
      callbacks.handOn(event)
      // libevent takes a request off a connection that its peer has closed and leaves it to whoever answers it.
      guard stage != .over else { return }
      guard evhttp_request_get_connection(request) == nil else { return outputs.watch() }
      usual = nil
      if stage == .serving { peerIsGone() }
      evhttp_request_free(request)
    }
  }

  /// libevent frees the request: because it was answered, or because the program frees the connection or the server.
  private func requestWasFreed() {
    switch stage {
    case .serving: peerIsGone()
    case .completing:
      stage = .over
      detach()
      stopListening()
      loop.unfinished -= 1
    case .over: break
    }
  }

  private func peerIsGone() {
    stage = .over
    let session = session
    detach()
    session?.peerDisconnected()
    loop.runSoon()
  }

  /// Closes the connection without completing the response.
  private func dropConnection() {
    stage = .over
    detach()
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(bufferevent_getfd(bufferevent), SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    evhttp_connection_free(connection)
  }

  /// From now on nothing of libevent's calls this object but for the request's end.
  private func detach() {
    session = nil
    rest = nil
    outputs.unwatch()
    callbacks.withdraw()
  }
}
