import EventSourceFormat
import EventSourceServer
import EventSourceTesting
import Synchronization
import Testing

/// Producers, viewers and stops on threads of their own. Whatever races, every run has one end, every viewer that stays
/// receives it, and nothing is left.
@Suite struct RunStressTests {
  private final class Watcher: RunObserver {
    private struct State {
      var ends: [String: Int] = [:]
      var viewers: [String: Int] = [:]
      var flaws: [String] = []
    }

    private let state = Mutex(State())

    var flaws: [String] { state.withLock { $0.flaws } }
    var endCount: Int { state.withLock { $0.ends.count } }

    func runChanged(_ change: RunChange) async {
      state.withLock { state in
        switch change {
        case .viewerJoined(let run, let viewers):
          state.viewers[run.id, default: 0] += 1
          if state.viewers[run.id] != viewers { state.flaws.append("\(viewers) viewers joined") }
        case .viewerLeft(let run, let viewers):
          state.viewers[run.id, default: 0] -= 1
          if state.viewers[run.id] != viewers { state.flaws.append("\(viewers) viewers are left") }
        case .ended(let run, _):
          state.ends[run.id, default: 0] += 1
          if state.ends[run.id] != 1 { state.flaws.append("a run ended twice") }
        case .began, .stopRequested, .discarded: break
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(5))) func whateverRacesHasOneOutcome() async throws {
    let watcher = Watcher()
    var configuration = RunCollection.Configuration()
    configuration.memoryLimit = 256 << 10
    configuration.retention = .milliseconds(50)
    configuration.announcesID = false
    var runs: RunCollection? = RunCollection(EventHub(), configuration: configuration, observer: watcher)
    let hub = try #require(runs).hub
    let started = try await Self.race(#require(runs))
    let statistics = try #require(runs).statistics
    #expect(statistics.started == started && statistics.ended.values.reduce(0, +) == started)
    #expect(statistics.waitingProducers == 0 && hub.statistics.readers == 0)
    while watcher.endCount < started { await Task.yield() }
    #expect(watcher.flaws == [])
    runs = nil
  }

  private static func race(_ runs: RunCollection) async throws -> Int {
    let live = Live()
    let count = 300
    await withTaskGroup(of: Void.self) { group in
      for part in 0..<2 {
        group.addTask {
          for number in 0..<(count / 2) {
            guard let run = try? runs.start() else { continue }
            live.add(run)
            for event in 0..<20 {
              do { try await run.write("\(event)", waitingUntil: .stored) } catch { break }
              if event % 7 == part { await Task.yield() }
            }
            if number % 3 == 0 { run.fail("no luck") } else { try? run.finish() }
          }
          live.producerIsDone()
        }
        group.addTask {
          let stack = SimulatedStack(hub: runs.hub)
          var viewers: [(SimulatedStack.Connection, Run)] = []
          var number = 0
          while !live.isDone || !viewers.isEmpty {
            number += 1
            if let run = live.any(number), viewers.count < 20, !live.isDone {
              viewers.append((stack.connect(run, room: number % 4 == 0 ? 60 : .max), run))
            }
            if number % 11 == 0 { live.any(number / 11)?.stop() }
            stack.advance(by: .milliseconds(1))
            if number % 5 == 0, let first = viewers.first {
              if number % 2 == 0, !first.0.isFinished { first.0.disconnect() } else { first.0.read() }
              stack.run()
              if first.0.isFinished { viewers.removeFirst() }
            }
            await Task.yield()
          }
          for run in live.all { run.stop() }
          stack.run()
          stack.lane.close()
        }
      }
    }
    return runs.statistics.started
  }

  private final class Live: Sendable {
    private let state = Mutex<(runs: [Run], done: Int)>(([], 0))

    var isDone: Bool { state.withLock { $0.done == 2 } }
    var all: [Run] { state.withLock { $0.runs } }
    func add(_ run: Run) { state.withLock { $0.runs.append(run) } }
    func producerIsDone() { state.withLock { $0.done += 1 } }
    func any(_ number: Int) -> Run? { state.withLock { $0.runs.isEmpty ? nil : $0.runs[number * 31 % $0.runs.count] } }
  }

  @Test func aRunIsNotFoundBeforeItsFirstEvent() async throws {
    let runs = RunCollection(EventHub())
    for number in 0..<500 {
      let found = Task.detached {
        while true {
          if let run = runs["\(number)"] { return run.byteCount }
          await Task.yield()
        }
      }
      _ = try runs.start(id: "\(number)")
      #expect(await found.value > 0)
    }
  }
}
