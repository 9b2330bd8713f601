import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Testing

@Suite struct NewestEventTests {
  private let folder = try! TemporaryFolder()

  @Test func theNewestEventOfAChannelIsTold() async throws {
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.retention.maximumEvents = 2 })
    #expect(try await repository.newestEventID(in: "a") == nil)
    let given = try await repository.append((1...5).map { ServerSentEvent(data: "\($0)") }, to: "a")
    #expect(try await repository.newestEventID(in: "a") == given.last)
    _ = try await repository.append([ServerSentEvent(data: "own", id: "own")], to: "a")
    #expect(try await repository.newestEventID(in: "a") == "own")
    #expect(try await repository.newestEventID(in: "b") == nil)
    await repository.close()
  }

  @Test func theFileKnowsWhetherItHasEvictedAnything() async throws {
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test { $0.retention.maximumEvents = 2 })
    #expect(try await repository.hasEveryEvent(in: "a"))
    _ = try await repository.append([ServerSentEvent(data: "1"), ServerSentEvent(data: "2")], to: "a")
    #expect(try await repository.hasEveryEvent(in: "a"))
    _ = try await repository.append((1...5).map { ServerSentEvent(data: "\($0)") }, to: "a")
    #expect(try await !repository.hasEveryEvent(in: "a"))
    #expect(try await repository.hasEveryEvent(in: "b"))
    await repository.close()
  }
}
