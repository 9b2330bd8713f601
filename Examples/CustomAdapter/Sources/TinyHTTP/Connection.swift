import Glibc

/// A client's connection. Use it on the server's thread only.
public final class Connection {
  /// Called from the loop when the kernel has accepted everything that was sent.
  public var onDrained: () -> Void = {}
  /// Called from the loop, once, when the peer has disconnected.
  public var onClosed: () -> Void = {}

  let descriptor: Int32
  /// The request whose response is not complete yet.
  private(set) var request: Request?
  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var body = RequestBody()
  /// Whether the connection ends when everything has been sent.
  private var closesWhenSent = false
  private(set) var isClosed = false

  private static let mostHeadBytes = 16 << 10

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Whether bytes wait for the kernel to accept them.
  public var hasUnsentBytes: Bool { !output.isEmpty }

  /// Sends bytes in order. Bytes that the kernel does not accept are buffered.
  public func send(_ bytes: some Sequence<UInt8>) {
    output += bytes
    flush()
  }

  /// Completes the response. The next request is read, or the connection ends.
  public func finish() {
    if request?.closesConnection ?? true { closesWhenSent = true }
    request = nil
    onDrained = {}
    onClosed = {}
    flush()
  }

  /// Ends the connection in a way that tells the peer that the response is incomplete.
  public func abort() {
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Accepts no further requests. A request in progress is completed first.
  func drain() {
    closesWhenSent = true
    if request == nil { flush() }
  }

  var polled: pollfd {
    let reads = input.count < Self.mostHeadBytes ? POLLIN : 0
    return pollfd(fd: descriptor, events: Int16(reads | (output.isEmpty ? 0 : POLLOUT)), revents: 0)
  }

  /// Handles the events that poll reported. Calls `answer` for a complete request.
  func handle(_ events: Int32, _ answer: (Request) -> Void) {
    if events & POLLOUT != 0 {
      flush()
      if output.isEmpty, !isClosed { onDrained() }
    }
    if events & (POLLIN | POLLHUP | POLLERR) != 0 { read() }
    while let next = nextRequest() {
      request = next
      answer(next)
    }
  }

  private func read() {
    guard !isClosed else { return }
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count > 0 {
      input += buffer[..<count]
    } else if count == 0 || errno != EAGAIN {
      peerLeft()
    }
  }

  private func nextRequest() -> Request? {
    guard body.drop(from: &input) else { return refuse("400 Bad Request") }
    guard request == nil, body.isOver, !isClosed, !closesWhenSent else { return nil }
    guard let end = input.firstRange(of: [13, 10, 13, 10]) else {
      return input.count < Self.mostHeadBytes ? nil : refuse("431 Request Header Fields Too Large")
    }
    guard let next = Request(input[..<end.lowerBound]), let body = RequestBody(of: next) else {
      return refuse("400 Bad Request")
    }
    input.removeSubrange(..<end.upperBound)
    self.body = body
    return next
  }

  private func refuse(_ status: String) -> Request? {
    if request != nil {
      peerLeft()
    } else if !closesWhenSent {
      input = []
      closesWhenSent = true
      send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".utf8)
    }
    return nil
  }

  private func flush() {
    while !isClosed, !output.isEmpty {
      let count = Glibc.send(descriptor, output, output.count, Int32(MSG_NOSIGNAL))
      // The next poll reports a broken connection.
      guard count > 0 else { break }
      output.removeFirst(count)
    }
    if output.isEmpty, closesWhenSent, request == nil { close() }
  }

  private func peerLeft() {
    let tell = onClosed
    close()
    tell()
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    onDrained = {}
    onClosed = {}
    Glibc.close(descriptor)
  }
}
