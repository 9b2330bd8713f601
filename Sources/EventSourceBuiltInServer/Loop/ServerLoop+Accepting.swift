import CEventSourceLinux
import EventSourceServer
import Glibc
import Synchronization

extension ServerLoop {
  /// The number of connections to accept per round before the loop serves its existing ones.
  private static let acceptsPerRound = 64

  /// Starts to watch the listening sockets. All loops watch them; the kernel wakes one waiting thread.
  func watchListeners() -> Bool {
    for (index, listener) in listeners.enumerated() {
      guard let listener else { continue }
      let token = ConnectionToken.listener(index).bits
      guard epoll.add(listener.number, [.readable, .oneWaiter], token: token) else { return false }
    }
    return true
  }

  /// Stops watching the listening sockets.
  func unwatchListeners() {
    for listener in listeners { if let listener { epoll.remove(listener.number) } }
  }

  /// Accepts connections from a socket's queue in the kernel, and assigns each to the loop with the fewest. A stream
  /// stays for hours on its loop, and the kernel tends to wake the same thread every time.
  ///
  /// - Returns: Whether there may be more connections. They wait, so that existing connections are served in between.
  @discardableResult
  func accept(from index: Int) -> Bool {
    guard listeners.indices.contains(index), let listener = listeners[index] else { return false }
    let limit = context.configuration.maximumConnections
    for _ in 0..<Self.acceptsPerRound {
      if context.connectionCount.load(ordering: .relaxed) >= limit + ServerContext.rejections {
        pauseAccepting(for: .milliseconds(50))
        return false
      }
      let number = eventsource_accept(listener.number)
      if number < 0 {
        switch errno {
        case EAGAIN: return false
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
          let number = errno
          if refuseForWantOfDescriptors(listener, number) { continue }
          pauseAccepting(for: .milliseconds(100))
          return false
        // Another process that shares the socket has shut it down.
        case EINVAL:
          context.log(.error, "A socket no longer listens", [("address", "\(listener.address)")])
          epoll.remove(listener.number)
          listeners[index] = nil
          return false
        // The connection ended before it was accepted, or had a network error (accept(2)).
        default: continue
        }
      }
      toldOutOfDescriptors = false
      let descriptor = Descriptor(owning: number)
      if context.connectionCount.add(1, ordering: .relaxed).newValue > limit {
        if !context.toldFull.exchange(true, ordering: .relaxed) {
          context.log(.warning, "The server is full; connections are rejected", [("maximumConnections", "\(limit)")])
        }
        handle.load.add(1, ordering: .relaxed)
        adopt(descriptor, rejection: .serverIsFull)
      } else if !context.peers.enter(number) {
        handle.load.add(1, ordering: .relaxed)
        adopt(descriptor, rejection: .peerHasTooMany)
      } else {
        if context.toldFull.load(ordering: .relaxed) { context.toldFull.store(false, ordering: .relaxed) }
        handOver(descriptor)
      }
    }
    return true
  }

  /// Creates a connection for a descriptor and watches it.
  func adopt(_ descriptor: consuming Descriptor, rejection: ConnectionRejection? = nil) {
    let token = ConnectionToken(descriptor: descriptor.number, registration: nextRegistration())
    guard epoll.add(descriptor.number, Connection.initialInterest, token: token.bits) else {
      connectionClosed(descriptor.number)
      return
    }
    let connection = Connection(descriptor, token: token, loop: self)
    connections.insert(connection)
    connection.begin(rejection)
  }

  /// Removes a connection whose descriptor has been or is about to be closed.
  func remove(_ connection: Connection) {
    timers.cancel(Int(connection.token.descriptor))
    connections.remove(connection.token)
    connectionClosed(connection.number)
  }

  private func connectionClosed(_ number: Int32) {
    context.peers.leave(number)
    handle.load.subtract(1, ordering: .relaxed)
    context.connectionCount.subtract(1, ordering: .relaxed)
  }

  private func handOver(_ descriptor: consuming Descriptor) {
    var best = handle
    var bestLoad = handle.load.load(ordering: .relaxed)
    for other in handles where !isDraining && other.load.load(ordering: .relaxed) < bestLoad {
      best = other
      bestLoad = other.load.load(ordering: .relaxed)
    }
    best.load.add(1, ordering: .relaxed)
    if best === handle { return adopt(descriptor) }
    let number = descriptor.release()
    if best.mailbox.post(.adopt(number)) { return }
    // That loop has finished. This one serves the connection.
    best.load.subtract(1, ordering: .relaxed)
    handle.load.add(1, ordering: .relaxed)
    adopt(Descriptor(owning: number))
  }

  /// Uses the spare descriptor to accept one connection, which is rejected and closed. Returns `false` if that is not
  /// possible.
  private func refuseForWantOfDescriptors(_ listener: Listener, _ number: Int32) -> Bool {
    if !toldOutOfDescriptors {
      toldOutOfDescriptors = true
      context.log(.error, "Connections are rejected for now", [("reason", String(cString: strerror(number)))])
    }
    guard spare != nil else { return false }
    spare = nil
    defer { spare = SpareDescriptor() }
    let accepted = eventsource_accept(listener.number)
    guard accepted >= 0 else { return false }
    let connection = Descriptor(owning: accepted)
    let response: StaticString =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nConnection: close\r\n\r\n"
    _ = eventsource_send(connection.number, response.utf8Start, response.utf8CodeUnitCount)
    // With unread request bytes, closing would cause a reset, which can overtake the response.
    _ = shutdown(connection.number, Int32(SHUT_WR))
    while recv(connection.number, scratch.baseAddress, scratch.count, 0) > 0 {}
    return true
  }

  /// Stops watching the listening sockets for a while. They stay readable, so watching them would spin.
  private func pauseAccepting(for time: Duration) {
    unwatchListeners()
    acceptsAgainAt = now + time
  }
}
