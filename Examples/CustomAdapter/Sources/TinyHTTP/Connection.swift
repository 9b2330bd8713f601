import Glibc

/// A client's connection. Everything is done on the server's thread.
public final class Connection {
  /// Called from the loop when the kernel has taken everything that was sent.
  public var onDrained: () -> Void = {}
  /// Called from the loop, once, when the peer has left.
  public var onClosed: () -> Void = {}

  let descriptor: Int32
  /// The request whose response has not been finished.
  private(set) var request: Request?
  private var input: [UInt8] = []
  private var output: [UInt8] = []
  private var body = RequestBody()
  /// When everything is sent, the connection ends.
  private var closesWhenSent = false
  private(set) var isClosed = false

  private static let mostHeadBytes = 16 << 10

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// Whether bytes wait for the kernel to take them.
  public var hasUnsentBytes: Bool { !output.isEmpty }

  /// Sends bytes in order; what the kernel does not take is kept.
  public func send(_ bytes: some Sequence<UInt8>) {
    output += bytes
    flush()
  }

  /// The response is complete: the next request is read, or the connection ends.
  public func finish() {
    if request?.closesConnection ?? true { closesWhenSent = true }
    request = nil
    onDrained = {}
    onClosed = {}
    flush()
  }

  /// Ends the connection so that the peer sees that something is missing.
  public func abort() {
    var now = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Takes no further request; one that is being served is finished first.
  func drain() {
    closesWhenSent = true
    if request == nil { flush() }
  }

  var polled: pollfd {
    let reads = input.count < Self.mostHeadBytes ? POLLIN : 0
    return pollfd(fd: descriptor, events: Int16(reads | (output.isEmpty ? 0 : POLLOUT)), revents: 0)
  }

  /// Handles what poll has found; calls `answer` for a request that has come.
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
      // A connection that is broken is found by the next poll.
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
