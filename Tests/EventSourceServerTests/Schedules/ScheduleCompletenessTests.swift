@testable import EventSourceServer
import Foundation
import Testing

/// Schedules draw from everything in the public interface. Additions to the interface must be added to them.
@Suite struct ScheduleCompletenessTests {
  private func properties(of value: Any) -> Set<String> {
    Set(Mirror(reflecting: value).children.compactMap(\.label).map { $0.replacing("_", with: "") })
  }

  @Test func everyOptionOfTheHubIsDrawn() {
    #expect(
      properties(of: EventHub.Configuration())
        == Set(HubOption.allCases.filter { !HubOption.others.contains($0) }.map(\.rawValue))
        // Only a hub with a shared history uses these: SharedSchedule draws them.
        .union(["followLinger", "staleLimit"]))
  }

  @Test func everyOptionOfAChannelIsDrawn() {
    #expect(
      properties(of: ChannelConfiguration())
        == Set(ChannelOption.allCases.filter { !ChannelOption.others.contains($0) }.map(\.rawValue)))
    #expect(properties(of: Retention()) == ["maximumBytes", "maximumEvents", "maximumAge"])
  }

  @Test func everyOptionOfAnEndpointIsDrawn() {
    #expect(
      properties(of: EventStreamHandler.Configuration())
        == Set(EndpointOption.allCases.filter { !EndpointOption.others.contains($0) }.map(\.rawValue)))
    #expect(
      properties(of: ChannelGrant())
        == Set(GrantOption.allCases.filter { !GrantOption.others.contains($0) }.map(\.rawValue)))
  }

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  @Test func everyPublicFunctionIsCalled() throws {
    let declaration = /^ +(@discardableResult )?public (static )?func ([a-z]\w*)/
    var functions: Set<String> = []
    for folder in ["Broadcast", "Endpoint", "Hub", "Inspection", "Lane", "Occupancy", "Publishing", "Reader"] {
      let path = Self.root.appending(path: "Sources/EventSourceServer/\(folder)")
      for file in try FileManager.default.contentsOfDirectory(at: path, includingPropertiesForKeys: nil) {
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
          if let match = line.firstMatch(of: declaration) { functions.insert(String(match.3)) }
        }
      }
    }
    // Functions of types that are only values.
    functions.subtract(["matching", "unauthorized", "hash"])
    #expect(functions == Set(PublicCall.functions.keys))
  }

  @Test func everyPromiseIsARowOfTheGuarantees() throws {
    let path = Self.root.appending(path: "Sources/EventSourceServer/EventSourceServer.docc/Guarantees.md")
    let page = try String(contentsOf: path, encoding: .utf8)
    // The promises of runs have their own schedules.
    let channels = page.prefix(upTo: try #require(page.range(of: "\n## Promises of runs\n")).lowerBound)
    let rows = channels.matches(of: /\n\| \*\*(.+?)\.?\*\*/).map { String($0.1) }
    #expect(Set(rows) == Set(Promise.allCases.map(\.rawValue)))
  }
}
