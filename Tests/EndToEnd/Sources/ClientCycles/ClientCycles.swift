import EventSourceClient
import Foundation
import Glibc
import Synchronization

/// Many clients of a server that keeps failing, in one process, in rounds; after each round everything has to be gone.
///
///     ClientCycles URL --transport curl|urlsession [--clients N] [--seconds N] [--rounds N]
///
/// Says one line of JSON after each round: what it did, and what the process holds.
@main struct ClientCycles {
  struct Round: Encodable, Sendable {
    var events = 0
    var sources = 0
    var failures: [String: Int] = [:]
    var descriptors = 0
    var threads = 0
    var residentKiB = 0
  }

  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    func option(_ name: String) -> String? {
      arguments.firstIndex(of: name).map { arguments[arguments.index(after: $0)] }
    }
    let url = URL(string: arguments.first ?? "")!
    let transport: any EventSourceTransport =
      option("--transport") == "urlsession" ? URLSessionTransport() : CurlTransport()
    let clients = Int(option("--clients") ?? "100")!
    let seconds = Double(option("--seconds") ?? "3")!
    let rounds = Int(option("--rounds") ?? "3")!
    for _ in 0..<rounds {
      let end = ContinuousClock.now + .seconds(seconds / Double(rounds))
      var round = await withTaskGroup(of: Round.self) { group in
        for _ in 0..<clients { group.addTask { await client(url, transport, until: end) } }
        var sum = Round()
        for await one in group {
          sum.events += one.events
          sum.sources += one.sources
          sum.failures.merge(one.failures, uniquingKeysWith: +)
        }
        return sum
      }
      // What is closed is closed on the transport's threads: as long as that changes something, it goes on.
      var before = Int.max
      repeat {
        before = round.descriptors
        try await Task.sleep(for: .milliseconds(300))
        round.descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      } while round.descriptors != before
      round.threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
      let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
      round.residentKiB = Int(pages)! * Int(getpagesize()) / 1024
      try FileHandle.standardOutput.write(contentsOf: try JSONEncoder().encode(round) + Data("\n".utf8))
    }
  }

  /// One client after the other, each of which reads a little, or is closed by an error.
  static func client(_ url: URL, _ transport: any EventSourceTransport, until end: ContinuousClock.Instant) async
    -> Round
  {
    var round = Round()
    while ContinuousClock.now < end {
      var configuration = EventSource.Configuration()
      configuration.reconnectionTime = .milliseconds(20)
      configuration.maximumReconnectionTime = .milliseconds(100)
      configuration.connectTimeout = .milliseconds(500)
      configuration.readTimeout = .milliseconds(500)
      configuration.initialConnectionFailure = .retry(for: nil)
      let source = EventSource(url, configuration: configuration, transport: transport)
      round.sources += 1
      do {
        var wanted = Int.random(in: 1...30)
        for try await element in source.elements {
          if case .event = element { round.events += 1 }
          if case .reconnecting(let reconnection) = element, let error = reconnection.error {
            round.failures[error.code.description, default: 0] += 1
          }
          wanted -= 1
          if wanted == 0 || ContinuousClock.now >= end { break }
        }
      } catch let error as SubscriptionError {
        round.failures[error.code.description, default: 0] += 1
      } catch {
        round.failures["\(error)", default: 0] += 1
      }
    }
    return round
  }
}
