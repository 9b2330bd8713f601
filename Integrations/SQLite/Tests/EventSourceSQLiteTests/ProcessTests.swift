import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation
import Testing

/// Tests of a history that other processes use at the same time or have used before.
@Suite(.timeLimit(.minutes(10))) struct ProcessTests {
  @Test(arguments: ["every-commit", "interval"])
  func aProcessThatIsKilledLosesNothingThatWasAcknowledged(_ durability: String) async throws {
    let folder = try TemporaryFolder()
    var acknowledged: [String: [String]] = [:]
    for round in 0..<10 {
      let writer = try ChildProcess("write", folder.file(), durability, "1000000")
      // Killed after an increasing number of events, the first time during the very first transaction.
      var lines = writer.lines(atLeast: round * round * 20)
      writer.kill()
      lines += writer.lines()
      for line in lines {
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        acknowledged[words[0], default: []].append(words[1])
      }
      if FileManager.default.fileExists(atPath: folder.file()) {
        #expect(try RawDatabase(folder.file()).value("PRAGMA integrity_check") == "ok")
      }
      let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
      for number in 1...8 {
        let name = "channel-\(number)"
        let held = try await repository.held(in: ChannelName(name))
        let rest = acknowledged[name, default: []]
        // Events that were committed but not acknowledged may also be present, in their places.
        var place = held.makeIterator()
        let isThere = rest.allSatisfy { line in
          while let event = place.next() { if "\(event.id!) \(event.data)" == line { return true } }
          return false
        }
        #expect(isThere, "round \(round): \(rest.count) events of \(name) were acknowledged, \(held.count) are held")
        #expect(Set(held.map(\.id)).count == held.count)
        let numbers = held.map { Int($0.id!.rawValue.split(separator: "-")[1]) }
        #expect(numbers == held.indices.map { $0 + 1 })
      }
      await repository.close()
    }
    #expect(acknowledged.values.reduce(0) { $0 + $1.count } > 5_000)
  }

  @Test func aProcessThatIsKilledWhileItGivesUpEventsLeavesASoundHistory() async throws {
    let folder = try TemporaryFolder()
    var ids: Set<Substring> = []
    var count = 0
    for round in 1...6 {
      let writer = try ChildProcess("write", folder.file(), "interval", "50")
      var lines = writer.lines(atLeast: 1_000 + round * 137)
      writer.kill()
      lines += writer.lines()
      #expect(try RawDatabase(folder.file()).value("PRAGMA integrity_check") == "ok")
      let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
      for number in 1...8 {
        let channel = try ChannelName("channel-\(number)")
        let given = lines.filter { $0.hasPrefix("\(channel) ") }
        guard let newest = given.last, let oldest = given.first else { continue }
        let held = try await repository.held(in: channel)
        #expect((50...70).contains(held.count))
        #expect(held.contains { "\(channel) \($0.id!) \($0.data)" == newest })
        let first = try EventID(String(oldest.split(separator: " ")[1]))
        let answer = try await repository.events(for: ReplayRequest(channel: channel, lastEventID: first))
        #expect(answer == .gap(held))
      }
      ids.formUnion(lines.map { $0[..<$0.lastIndex(of: " ")!] })
      count += lines.count
      await repository.close()
    }
    #expect(ids.count == count, "an ID was given twice")
  }

  @Test func anotherProcessReadsWhatThisOneWrites() async throws {
    let folder = try TemporaryFolder()
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    _ = try await repository.append([ServerSentEvent(data: "0")], to: "a")
    let reader = try ChildProcess("read", folder.file(), "a", "2000")
    var lines = reader.lines(atLeast: 1)
    for number in 1..<2_000 { _ = try await repository.append([ServerSentEvent(data: "\(number)")], to: "a") }
    lines += reader.lines()
    #expect(lines == ["reading"] + (0..<2_000).map(String.init))
    #expect(reader.wait() == 0)
    await repository.close()
  }

  @Test func aDiskThatTakesNoMoreIsSaidAndAfterwardsItGoesOn() async throws {
    let folder = try TemporaryFolder()
    let writer = try ChildProcess("fill", folder.file(), "400000")
    let lines = writer.lines()
    #expect(writer.wait() == 0)
    // SQLite reports the process's size limit as a failing disk. The retention tests cover a full one.
    #expect(lines.first == "inputOutput" && lines.count == 2, "\(lines)")
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    let held = try await repository.held()
    #expect(held.first?.data == "before" && held.last?.data == "after")
    #expect(held.count == Int(lines[1]))
    await repository.close()
    #expect(try RawDatabase(folder.file()).value("PRAGMA integrity_check") == "ok")
  }
}
