import CEventSourceLinux
import EventSourceServer
import Glibc
import Synchronization

extension ServerLoop {
  /// How many connections are accepted before the loop looks after those it has.
  private static let acceptsPerRound = 64

  /// Begins to watch the listening socket. All loops do; the kernel wakes one of those that wait.
  func watchListener() -> Bool {
    guard let listener else { return false }
    return epoll.add(listener.number, [.readable, .oneWaiter], token: ConnectionToken.listener.bits)
  }

  /// Takes connections out of the kernel's queue, and gives each to the loop that has the fewest: a stream stays for
  /// hours where it was accepted, and the kernel wakes the same thread again and again.
  func accept() {
    guard let listener else { return }
    let limit = context.configuration.maximumConnections
    for _ in 0..<Self.acceptsPerRound {
      if context.connectionCount.load(ordering: .relaxed) >= limit + ServerContext.refusals {
        return pauseAccepting(for: .milliseconds(50))
      }
      let number = eventsource_accept(listener.number)
      if number < 0 {
        switch errno {
        case EAGAIN: return
        case EMFILE, ENFILE, ENOBUFS, ENOMEM: return pauseForWantOfDescriptors(errno)
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
        adopt(descriptor, refused: true)
      } else {
        if context.toldFull.load(ordering: .relaxed) { context.toldFull.store(false, ordering: .relaxed) }
        handOver(descriptor)
      }
    }
  }

  /// Makes a connection of a descriptor and watches it.
  func adopt(_ descriptor: consuming Descriptor, refused: Bool = false) {
    let token = ConnectionToken(descriptor: descriptor.number, registration: nextRegistration())
    guard epoll.add(descriptor.number, Connection.initialInterest, token: token.bits) else {
      connectionClosed()
      return
    }
    let connection = Connection(descriptor, token: token, loop: self)
    connections.insert(connection)
    connection.begin(refused: refused)
  }

  /// Forgets a connection, whose descriptor has been or is about to be closed.
  func remove(_ connection: Connection) {
    timers.cancel(Int(connection.token.descriptor))
    connections.remove(connection.token)
    connectionClosed()
  }

  private func connectionClosed() {
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

  private func pauseForWantOfDescriptors(_ number: Int32) {
    if !toldOutOfDescriptors {
      toldOutOfDescriptors = true
      context.log(.error, "No connection can be accepted for now", [("reason", String(cString: strerror(number)))])
    }
    pauseAccepting(for: .milliseconds(100))
  }

  /// The listening socket stays ready, so that to go on watching it would be to spin.
  private func pauseAccepting(for time: Duration) {
    if let listener { epoll.remove(listener.number) }
    acceptsAgainAt = now + time
  }
}
