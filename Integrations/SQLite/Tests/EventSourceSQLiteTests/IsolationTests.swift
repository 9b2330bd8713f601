import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Testing

/// Tests that an addition that cannot be recorded fails without affecting those that wait with it.
@Suite(.timeLimit(.minutes(10))) struct IsolationTests {
  private let folder = try! TemporaryFolder()
  private let gate = Gate()

  /// Returns a history whose writer passes the gate in each transaction.
  private func open(_ change: (inout SQLiteEventRepository.Configuration) -> Void = { _ in }) async throws
    -> SQLiteEventRepository
  {
    let gate = gate
    let repository = try SQLiteEventRepository(
      path: folder.file(), configuration: .test(change),
      clock: {
        gate.pass()
        return 1
      })
    // The first search for events to evict. Without a maximum age there is no second one.
    try await gate.passage()
    return repository
  }

  /// Adds all of them so that they wait together in this order, and returns the result of each.
  private func addTogether(
    _ additions: [(ChannelName, [ServerSentEvent])], to repository: SQLiteEventRepository
  ) async throws -> [Result<[EventID], any Error>] {
    gate.close()
    let before = Task { try await repository.append([ServerSentEvent(data: "before")], to: "before") }
    try await gate.arrival()
    var tasks: [Task<[EventID], any Error>] = []
    for (channel, events) in additions {
      // In this order: each is waiting before the next is added.
      let bytes = repository.waitingBytes
      tasks.append(Task { try await repository.append(events, to: channel) })
      try await eventually { repository.waitingBytes > bytes }
    }
    gate.open()
    _ = try await before.value
    var results: [Result<[EventID], any Error>] = []
    for task in tasks { results.append(await task.result) }
    return results
  }

  private func code(_ result: Result<[EventID], any Error>) -> SQLiteHistoryError.Code? {
    if case .failure(let error) = result { (error as? SQLiteHistoryError)?.code ?? .other } else { nil }
  }

  @Test(arguments: [[0], [7], [19], [0, 19], [3, 4, 12], Array(0..<20)])
  func whatDoesNotFitFailsAloneWhereverItStands(_ large: [Int]) async throws {
    let repository = try await open { $0.maximumFileBytes = 1 << 20 }
    let additions = (0..<20).map { number in
      let size = large.contains(number) ? 2 << 20 : 10
      // Several additions to one channel, in order.
      return (ChannelName(stringLiteral: "\(number % 5)"), [ServerSentEvent(data: String(repeating: "x", count: size))])
    }
    let results = try await addTogether(additions, to: repository)
    for (number, result) in results.enumerated() {
      #expect(code(result) == (large.contains(number) ? .full : nil), "\(number)")
    }
    for channel in 0..<5 {
      let expected = (0..<20).filter { $0 % 5 == channel && !large.contains($0) }.map { try! results[$0].get()[0] }
      #expect(try await repository.held(in: ChannelName("\(channel)")).map(\.id) == expected)
    }
    await repository.close()
  }

  @Test func aChannelWhoseRowIsDamagedHarmsNoOther() async throws {
    let repository = try await open()
    for channel in ["a", "b", "c"] as [ChannelName] {
      _ = try await repository.append([ServerSentEvent(data: "1")], to: channel)
    }
    for damage in ["last = 9223372036854775807", "first = -9223372036854775808", "bytes = -1", "first = 77"] {
      let raw = try RawDatabase(folder.file())
      try raw.execute(
        "UPDATE channel SET first = 1, last = 1, bytes = 1; UPDATE channel SET \(damage) WHERE name = 'b'")
      try raw.execute("DELETE FROM event WHERE number > 1")
      let event = [ServerSentEvent(data: "2")]
      let results = try await addTogether([("a", event), ("b", event), ("c", event)], to: repository)
      #expect(results.map(code) == [nil, .damaged, nil], "\(damage)")
      let question = await #expect(throws: SQLiteHistoryError.self) { try await repository.held(in: "b") }
      #expect(question?.code == .damaged)
    }
    await repository.close()
  }

  @Test func aFlawedIDIsRefusedAndHarmsNoOther() async throws {
    let repository = try await open()
    let flawed: [(EventID, EventIDFlaw)] = [
      ("", .empty), (" a", .outerSpace), ("a\t", .outerSpace), ("*a:1", .reservedForm),
      ("a\u{1}", .controlCharacter(offset: 1)),
      (EventID(stringLiteral: String(repeating: "x", count: 1025)), .tooLong(bytes: 1025, limit: 1024)),
    ]
    for (id, flaw) in flawed {
      let events = [ServerSentEvent(data: "sound", id: "sound"), ServerSentEvent(data: "flawed", id: id)]
      await #expect(throws: flaw) { try await repository.append(events, to: "a") }
    }
    #expect(try await repository.held().isEmpty)
    #expect(try await repository.append([ServerSentEvent(data: "x", id: "sound")], to: "a") == ["sound"])
    await repository.close()
  }
}
