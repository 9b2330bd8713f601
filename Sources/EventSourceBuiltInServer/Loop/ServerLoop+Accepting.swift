import CEventSourceLinux
import EventSourceServer
import Glibc
import Synchronization

extension ServerLoop {
  /// How many connections are accepted before the loop looks after those it has.
  private static let acceptsPerRound = 64

  /// Begins to watch the listening sockets. All loops do; the kernel wakes one of those that wait.
  func watchListeners() -> Bool {
    for (index, listener) in listeners.enumerated() {
      guard let listener else { continue }
      let token = ConnectionToken.listener(index).bits
      guard epoll.add(listener.number, [.readable, .oneWaiter], token: token) else { return false }
    }
    return true
  }

  /// Stops watching them.
  func unwatchListeners() {
    for listener in listeners { if let listener { epoll.remove(listener.number) } }
  }

  /// Takes connections out of a socket's queue in the kernel, and gives each to the loop that has the fewest: a stream
  /// stays for hours where it was accepted, and the kernel wakes the same thread again and again.
  ///
  /// - Returns: Whether there may be more, which is left for later so that the others have their turn.
  @discardableResult
  func accept(from index: Int) -> Bool {
    guard listeners.indices.contains(index), let listener = listeners[index] else { return false }
    let limit = context.configuration.maximumConnections
    for _ in 0..<Self.acceptsPerRound {
      if context.connectionCount.load(ordering: .relaxed) >= limit + ServerContext.refusals {
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
        // A connection that ended before it was accepted, or an error of its network (accept(2)).
        default: continue
        }
      }
      toldOutOfDescriptors = false
      let descriptor = Descriptor(owning: number)
      if context.connectionCount.add(1, ordering: .relaxed).newValue > limit {
        if !context.toldFull.exchange(true, ordering: .relaxed) {
          context.log(.warning, "The server is full; connections are refused", [("maximumConnections", "\(limit)")])
        }
        handle.load.add(1, ordering: .relaxed)
        adopt(descriptor, refusal: .serverIsFull)
      } else if !context.peers.enter(number) {
        handle.load.add(1, ordering: .relaxed)
        adopt(descriptor, refusal: .peerHasTooMany)
      } else {
        if context.toldFull.load(ordering: .relaxed) { context.toldFull.store(false, ordering: .relaxed) }
        handOver(descriptor)
      }
    }
    return true
  }

  /// Makes a connection of a descriptor and watches it.
  func adopt(_ descriptor: consuming Descriptor, refusal: ConnectionRefusal? = nil) {
    let token = ConnectionToken(descriptor: descriptor.number, registration: nextRegistration())
    guard epoll.add(descriptor.number, Connection.initialInterest, token: token.bits) else {
      connectionClosed(descriptor.number)
      return
    }
    let connection = Connection(descriptor, token: token, loop: self)
    connections.insert(connection)
    connection.begin(refusal)
  }

  /// Forgets a connection, whose descriptor has been or is about to be closed.
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
    // That loop has finished; this one serves what it accepts.
    best.load.subtract(1, ordering: .relaxed)
    handle.load.add(1, ordering: .relaxed)
    adopt(Descriptor(owning: number))
  }

  /// Accepts one connection in place of the spare descriptor, tells it that there is no room, and closes it; false if
  /// that is not possible.
  private func refuseForWantOfDescriptors(_ listener: Listener, _ number: Int32) -> Bool {
    if !toldOutOfDescriptors {
      toldOutOfDescriptors = true
      context.log(.error, "Connections are refused for now", [("reason", String(cString: strerror(number)))])
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
    // A request that is not read away would turn the end into a reset, which may overtake the response.
    _ = shutdown(connection.number, Int32(SHUT_WR))
    while recv(connection.number, scratch.baseAddress, scratch.count, 0) > 0 {}
    return true
  }

  /// A listening socket stays ready, so that to go on watching it would be to spin.
  private func pauseAccepting(for time: Duration) {
    unwatchListeners()
    acceptsAgainAt = now + time
  }
}
