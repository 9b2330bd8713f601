import CLibevent
import EventSourceServer
import Glibc

/// The response to one `evhttp_request`. On the base's thread only.
///
/// If the connection is a plain socket with nothing pending and no rate limit, the log's bytes go directly to the
/// descriptor. The connection's evbuffer references what the kernel does not accept, and everything on other kinds of
/// bufferevents: at most ``mostPending`` bytes.
///
/// evhttp's callbacks for a connection and a request belong to the program and stay unchanged. An empty reference in
/// the request's input buffer, which libevent releases with the request, reveals when the request is freed. The
/// bufferevent reveals that the peer has disconnected.
final class EvhttpResponse: EventStreamResponse {
  private static let mostPending = 64 << 10
  /// Reading stops after this much input from a client that should only be receiving.
  private static let mostInput = 4096
  /// The time in seconds that a peer may accept nothing of a stream's end.
  private static let endTimeout = 30

  private enum Stage {
    /// The handler serves the request. -> completing, over
    case serving
    /// The response is complete, and evhttp sends the rest of it. -> over
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
  /// The maximum that the bufferevent writes at once. A rate limit lowers it.
  private var mostAtOnce = 0
  private var isChunked = false
  /// Whether the connection's output contains data.
  private var isPending = false
  private var isWriting = false
  private var needsWritableNotification = false
  /// The program's settings of the connection, while they are replaced.
  private var usual: (read: timeval, write: timeval, watermark: event_watermark)?
  /// Set when a handler serves the request, and released when the stream ends.
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
    // A stream request needs no body, so none is kept.
    evbuffer_drain(input, evbuffer_get_length(input))
    // libevent holds the response for as long as it holds the request.
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

  /// Detects that the peer disconnects while its request waits for an answer. During that wait evhttp does not read,
  /// and its timeouts apply only to peers that are expected to send.
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

  /// Returns the connection to evhttp.
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
    // For an HTTP/1.0 reader that asks for keep-alive, evhttp would announce an empty body.
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

  /// Whether the bufferevent has a rate limit, its own or that of a group.
  private var hasRateLimit: Bool {
    bufferevent_set_max_single_write(bufferevent, Int.max)
    defer { bufferevent_set_max_single_write(bufferevent, mostAtOnce) }
    return bufferevent_get_max_to_write(bufferevent) != Int.max
  }

  func write(_ bytes: borrowing EventStreamBytes) -> EventStreamWriteResult {
    guard stage == .serving else { return .peerDisconnected }
    if isPending { return take(0) }
    // A rate limit was set later.
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
      // Over a filter, evhttp would close an HTTP/1.0 connection as soon as its own buffer is empty.
      complete(isWaiting: !isChunked && outputs.isLayered) { [request] in evhttp_send_reply_end(request) }
    case .aborted:
      dropConnection()
    }
  }

  /// The call to evhttp that remains when all buffers are empty.
  private var rest: (() -> Void)?

  /// Passes the end of the response to evhttp, which sends it after pending data. Until then, the response counts as
  /// unfinished.
  ///
  /// - Parameter isWaiting: Whether to wait until nothing is pending before passing the end to evhttp.
  private func complete(isWaiting: Bool = false, _ send: @escaping () -> Void) {
    stage = .completing
    session = nil
    loop.unfinished += 1
    if !outputs.isLayered {
      outputs.unwatch()
      callbacks.withdraw()
      return send()
    }
    // evhttp does not wait for the buffers below a filter, so its callback must wait for them here.
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

  /// Called by the loop when all buffers are empty.
  func finish() {
    guard stage == .completing, outputs.isEmpty, let rest else { return }
    self.rest = nil
    outputs.unwatch()
    callbacks.withdraw()
    rest()
  }

  private func outputWasSent() {
    if stage == .completing { return loop.finishLater(self) }
    // During a write, the write itself handles this, and the lane must not be called.
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
      // libevent detaches a request from a connection that its peer has closed. The code that answers the request must
      // then free it.
      guard stage != .over else { return }
      guard evhttp_request_get_connection(request) == nil else { return outputs.watch() }
      usual = nil
      if stage == .serving { peerIsGone() }
      evhttp_request_free(request)
    }
  }

  /// Called when libevent frees the request, because it was answered or because the program frees the connection or
  /// server.
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

  /// Stops all callbacks from libevent to this object, except the one for the end of the request.
  private func detach() {
    session = nil
    rest = nil
    outputs.unwatch()
    callbacks.withdraw()
  }
}
