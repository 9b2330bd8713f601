import EventSourceFormat
import EventSourceServer
import Synchronization

/// Publishes which process serves a reader, whenever one arrives. Readers of all processes get it.
final class Arrivals: OccupancyObserver {
  private struct Weak { weak var hub: EventHub? }

  private let process: String
  private let hub = Mutex(Weak())

  init(process: String) { self.process = process }

  func publish(to hub: EventHub) { self.hub.withLock { $0.hub = hub } }

  func occupancyChanged(_ change: OccupancyChange) async {
    guard case .readerJoined(let reader, let channel, _) = change, let identity = reader.identity,
      let hub = hub.withLock({ $0.hub })
    else { return }
    let event = ServerSentEvent(data: "\(identity) \(process)", type: "served")
    // Without Redis it cannot be published, and the page shows the process with the next arrival.
    _ = try? await hub.publish(event, to: channel, waitingUntil: .stored)
  }
}

/// Takes a reader's name from the request, so that the page can tell its readers apart. It permits everything.
struct NamedReaders: ChannelAuthorizer {
  func authorize(
    _ request: any EventStreamRequest, for channels: [ChannelName]
  ) async throws -> EventSourceServer.ChannelAuthorization {
    let name = request.target.split(separator: "reader=").dropFirst().first.map(String.init)
    return .granted(ChannelGrant(identity: name))
  }
}
