import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation

/// Test code for a history that needs its own process, because the process is killed, limited, or must be a second one.
///
///     HistoryProgram write FILE every-commit|interval EVENTS-KEPT
///     HistoryProgram read FILE CHANNEL COUNT
///     HistoryProgram fill FILE BYTES
///     HistoryProgram measure FILE every-commit|interval PUBLISHERS CHANNELS SECONDS
@main struct HistoryProgram {
  static func main() async throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count > 2 else { fatalError("HistoryProgram write|read|fill|measure FILE …") }
    switch arguments[0] {
    case "write": try await write(arguments[1], durability: arguments[2], keeping: Int(arguments[3])!)
    case "read": try await read(arguments[1], channel: ChannelName(arguments[2]), count: Int(arguments[3])!)
    case "fill": try await fill(arguments[1], bytes: rlim_t(arguments[2])!)
    case "measure":
      var configuration = SQLiteEventRepository.Configuration()
      configuration.durability = arguments[2] == "interval" ? .interval(.seconds(1)) : .everyCommit
      say(
        try await Measurement.run(
          arguments[1], configuration, publishers: Int(arguments[3])!, channels: Int(arguments[4])!,
          for: .seconds(Int(arguments[5])!)))
    default: fatalError("there is no command \(arguments[0])")
    }
  }

  /// Adds events to several channels concurrently until it is killed. Prints each acknowledged event immediately:
  /// channel, ID, data.
  private static func write(_ path: String, durability: String, keeping count: Int) async throws {
    var configuration = SQLiteEventRepository.Configuration()
    configuration.durability = durability == "interval" ? .interval(.milliseconds(20)) : .everyCommit
    configuration.retention.maximumEvents = count
    let repository = try SQLiteEventRepository(path: path, configuration: configuration)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...8 {
        group.addTask {
          let channel = try ChannelName("channel-\(number)")
          for round in 1... {
            let events = (1...(round % 3 + 1)).map { _ in ServerSentEvent(data: UUID().uuidString) }
            let ids = try await repository.append(events, to: channel)
            for (id, event) in zip(ids, events) { say("\(channel) \(id) \(event.data)") }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  /// Reads a history that another process writes, until it has seen `count` events of a channel, and prints them.
  private static func read(_ path: String, channel: ChannelName, count: Int) async throws {
    let repository = try SQLiteEventReader(path: path)
    var last: EventID?
    var found = 0
    say("reading")
    while found < count {
      guard
        case .contiguous(let events) = try await repository.events(
          for: ReplayRequest(channel: channel, lastEventID: last))
      else { return say("events are missing") }
      for event in events { say(event.data) }
      found += events.count
      last = events.last?.id ?? last
    }
    await repository.close()
  }

  /// Adds events until the process's file size limit is reached, then lifts the limit and continues.
  private static func fill(_ path: String, bytes: rlim_t) async throws {
    let repository = try SQLiteEventRepository(path: path)
    _ = try await repository.append([ServerSentEvent(data: "before")], to: "a")
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit()
    getrlimit(fileSizeLimit, &limit)
    limit.rlim_cur = bytes
    setrlimit(fileSizeLimit, &limit)
    var acknowledged = 1
    do {
      while true {
        _ = try await repository.append([ServerSentEvent(data: String(repeating: "x", count: 5_000))], to: "a")
        acknowledged += 1
      }
    } catch let error as SQLiteHistoryError {
      say(error.code.description)
    }
    limit.rlim_cur = limit.rlim_max
    setrlimit(fileSizeLimit, &limit)
    _ = try await repository.append([ServerSentEvent(data: "after")], to: "a")
    acknowledged += 1
    await repository.close()
    say("\(acknowledged)")
  }

  #if canImport(Glibc)
    private static let fileSizeLimit = __rlimit_resource_t(1)
  #else
    private static let fileSizeLimit = RLIMIT_FSIZE
  #endif

  /// Prints a line with one system call, so that every printed line is complete.
  private static func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
  }
}
