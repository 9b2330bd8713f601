import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Tests the life of a channel with many threads at once.
@Suite struct LifeOfAChannelStressTests {
  private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
  }

  /// Threads publish, read, open, remove, register, list and change rules concurrently. Nothing is left at the end, and
  /// no event reaches a channel that it was not published to.
  @Test(.timeLimit(.minutes(3))) func manyThreadsMayDoAllOfThisAtOnce() async throws {
    let hub = EventHub(
      configuration: .test {
        $0.channelCreation = .onDemand
        $0.retention = Retention(maximumBytes: 4096)
        $0.memoryLimit = 256 << 10
      })
    let names = (0..<6).map { ChannelName(stringLiteral: "c\($0)") }
    let history = InMemoryEventRepository(maximumEvents: 50)
    let isOver = Flag()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for publisher in 0..<3 {
        group.addTask {
          for number in 0..<1500 {
            let name = names[(number + publisher) % names.count]
            do {
              try hub.publish("\(name) \(number)", to: name, coalescingKey: "\(number % 4)")
            } catch PublishError.recordingChannel {
              try await hub.publish("\(name) \(number)", to: name, waitingUntil: .stored)
            }
          }
          if publisher == 0 { isOver.set() }
        }
      }
      group.addTask {
        var number = 0
        while !isOver.isSet {
          number += 1
          let name = names[number % names.count]
          if number % 3 == 0 {
            try? hub.reconfigure(name) { rules in
              rules.slowReaders = number % 2 == 0 ? .newestPerKey : .skipToNewest
              rules.maximumBacklogBytes = number % 4 == 0 ? 300 : nil
              rules.coalescingWindow = number % 9 == 0 ? .milliseconds(3) : nil
              rules.retention =
                number % 5 == 0 ? Retention(maximumBytes: 2048, maximumEvents: 7, maximumAge: .milliseconds(50)) : nil
            }
            hub.forEachChannel { channel in #expect(channel.retainedEvents >= 0 && channel.readers >= 0) }
          }
          switch number % 4 {
          case 0: hub.removeChannel(name)
          case 1: hub.openChannel(name)
          case 2: hub.setRepository(history, for: name)
          default: hub.removeRepository(for: name, disconnectingReaders: number % 8 == 3)
          }
          await Task.yield()
        }
      }
      for lane in 0..<2 {
        group.addTask {
          let stack = SimulatedStack(hub: hub)
          let handler = EventStreamHandler(hub)
          var readers: [(SimulatedStack.Connection, [ChannelName])] = []
          var number = lane
          while !isOver.isSet {
            number += 1
            let channels = [names[number % names.count], names[(number / 2 + 1) % names.count]].prefix(1 + number % 2)
            readers.append(
              (
                stack.connect(handler, channels: channels.map(\.rawValue), room: number % 3 == 0 ? 500 : .max),
                Array(channels)
              ))
            stack.run()
            stack.advance(by: .milliseconds(5))
            if readers.count > 20 {
              let (reader, channels) = readers.removeFirst()
              try Self.check(reader, channels)
              if !reader.isFinished { reader.disconnect() }
            }
            await Task.yield()
          }
          for (reader, channels) in readers {
            try Self.check(reader, channels)
            if !reader.isFinished { reader.disconnect() }
          }
          stack.run()
          stack.lane.close()
        }
      }
      try await group.waitForAll()
    }
    for name in names { hub.removeChannel(name) }
    let statistics = hub.statistics
    #expect(statistics.readers == 0 && statistics.streamsOpened == statistics.streamsEnded.values.reduce(0, +))
    #expect(statistics.retainedBytes <= 16, "\(statistics.retainedBytes) bytes are left")
  }

  private static func check(_ reader: SimulatedStack.Connection, _ channels: [ChannelName]) throws {
    var parser = EventStreamParser()
    try parser.parse(reader.response.body) { element in
      guard case .event(let event) = element, event.type == "message" else { return }
      #expect(channels.contains { event.data.hasPrefix("\($0) ") }, "\(event.data) in \(channels)")
    }
  }
}
