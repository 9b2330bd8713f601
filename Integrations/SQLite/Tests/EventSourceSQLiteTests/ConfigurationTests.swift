import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Testing

/// Tests that every value in a settings file is accepted, or rejected with an error that names it.
@Suite(.timeLimit(.minutes(10))) struct ConfigurationTests {
  typealias Change = @Sendable (inout SQLiteEventRepository.Configuration) -> Void

  private let folder = try! TemporaryFolder()

  private static let durations: [Duration] = [
    Duration(secondsComponent: .min, attosecondsComponent: 0), .seconds(-1), .zero,
    Duration(secondsComponent: 0, attosecondsComponent: 1), .seconds(1), .seconds(1e15), .seconds(1e20),
    Duration(secondsComponent: .max, attosecondsComponent: 999_999_999_999_999_999),
  ]
  private static let numbers = [Int.min, -1, 0, 1, 2, 64, 65, 64 << 10, .max - 1, .max]

  private static let changes: [(String, [Change])] = [
    ("durability", durations.map { value in { $0.durability = .interval(value) } }),
    ("retention.maximumEvents", numbers.map { value in { $0.retention.maximumEvents = value } }),
    ("retention.maximumBytes", numbers.map { value in { $0.retention.maximumBytes = value } }),
    ("retention.maximumAge", durations.map { value in { $0.retention.maximumAge = value } }),
    ("maximumFileBytes", numbers.map { value in { $0.maximumFileBytes = value } }),
    ("connections", numbers.map { value in { $0.connections = value } }),
    ("busyTimeout", durations.map { value in { $0.busyTimeout = value } }),
    ("additionTimeout", durations.map { value in { $0.additionTimeout = value } }),
    ("maximumWaitingBytes", numbers.map { value in { $0.maximumWaitingBytes = value } }),
  ]

  @Test(arguments: changes)
  func everyValueIsTakenOrNamed(_ property: String, _ changes: [Change]) async throws {
    var taken = 0
    for (number, change) in changes.enumerated() {
      let configuration = SQLiteEventRepository.Configuration.test(change)
      let path = folder.file("\(number).db")
      do {
        try configuration.validate()
      } catch {
        #expect(error.property == property)
        let rejection = #expect(throws: SQLiteHistoryError.self) {
          try SQLiteEventRepository(path: path, configuration: configuration)
        }
        #expect(rejection?.code == .invalidConfiguration && rejection?.message.contains(property) == true)
        continue
      }
      taken += 1
      let repository = try SQLiteEventRepository(path: path, configuration: configuration)
      do {
        for number in 1...5 { _ = try await repository.append([ServerSentEvent(data: "\(number)")], to: "a") }
        _ = try await repository.held()
      } catch let error as SQLiteHistoryError {
        // A timeout of zero may be too short, and the smallest file too small.
        #expect([.timedOut, .undecided, .busy, .full].contains(error.code), "\(property): \(error)")
      }
      await repository.close()
    }
    #expect(taken >= 1 && taken < changes.count)
  }

  @Test func aReadersValuesAreTakenOrRefused() async throws {
    await (try SQLiteEventRepository(path: folder.file(), configuration: .test())).close()
    let values = Self.numbers.map { ($0, Duration.seconds(5)) } + Self.durations.map { (1, $0) }
    for (connections, time) in values {
      let isSound = (1...64).contains(connections) && time >= .zero
      do {
        await (try SQLiteEventReader(path: folder.file(), connections: connections, busyTimeout: time)).close()
        #expect(isSound)
      } catch {
        #expect(!isSound && error.code == .invalidConfiguration)
      }
    }
  }

  @Test(arguments: numbers)
  func everyBoundOfAQuestionIsTaken(_ bound: Int) async throws {
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    let ids = try await repository.append((1...5).map { ServerSentEvent(data: "\($0)") }, to: "a")
    for request in [
      ReplayRequest(channel: "a", lastEventID: ids[0], maximumEvents: bound),
      ReplayRequest(channel: "a", lastEventID: ids[0], maximumBytes: bound),
    ] {
      guard case .contiguous(let events) = try await repository.events(for: request) else {
        Issue.record("\(request)")
        continue
      }
      #expect(events.map(\.id) == Array(ids[1...max(1, min(bound, 4))]))
    }
    await repository.close()
  }
}
