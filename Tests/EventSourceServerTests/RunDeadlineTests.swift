import EventSourceServer
import EventSourceTesting
import Testing

/// Deadlines of runs, in lanes whose clocks differ.
@Suite struct RunDeadlineTests {
  /// The lane's clock is behind the hub's time, so the lane cannot express the earliest possible time.
  @Test func aLaneWhoseClockIsBehindStopsARunAfterItsGrace() throws {
    let hub = EventHub()
    let early = SimulatedStack(hub: hub)
    early.run()
    early.advance(by: .seconds(1000))
    let late = SimulatedStack(hub: hub)
    late.run()
    var configuration = RunCollection.Configuration()
    configuration.maximumDuration = .seconds(10)
    configuration.stopGrace = .seconds(2)
    let runs = RunCollection(hub, configuration: configuration)
    let run = try runs.start()
    late.run()
    late.advance(by: .seconds(10))
    #expect(run.stopRequest == .deadline && run.outcome == nil)
    late.advance(by: .seconds(2))
    #expect(run.outcome == .stopped(.deadline))
  }
}
