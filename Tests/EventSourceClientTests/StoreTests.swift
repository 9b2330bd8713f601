import EventSourceClient
import Foundation
import Glibc
import Synchronization
import Testing

/// Tests of last event IDs that survive the program.
@Suite struct LastEventIDStoreTests {
  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(folder)
  }

  @Test(arguments: [false, true])
  func aFileKeepsTheLastIDAndNothingElse(survivesPowerLoss: Bool) async throws {
    try await inFolder { folder in
      let store = FileLastEventIDStore(path: "\(folder)/id", survivesPowerLoss: survivesPowerLoss)
      #expect(try store.load() == nil)
      for id in ["1", String(repeating: "é", count: 5000), "", "3"] {
        try store.save(id)
        #expect(try FileLastEventIDStore(path: "\(folder)/id").load() == id)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["id"])
    }
  }

  @Test func whatAProgramThatWasKilledLeftBehindDoesNoHarm() async throws {
    try await inFolder { folder in
      let store = FileLastEventIDStore(path: "\(folder)/id")
      try store.save("1")
      try Data("2 and a ha".utf8).write(to: URL(fileURLWithPath: "\(folder)/id.next"))
      #expect(try store.load() == "1")
      try store.save("3")
      #expect(try store.load() == "3")
    }
  }

  @Test func whatIsNoIDIsAnErrorAndIsLeftAlone() async throws {
    try await inFolder { folder in
      let path = "\(folder)/id"
      for bytes in [Data("a\nb".utf8), Data([0xFF]), Data([0]), Data(repeating: 65, count: 2 << 20)] {
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(throws: FileLastEventIDStore.FileError.self) { try FileLastEventIDStore(path: path).load() }
        #expect(FileManager.default.contents(atPath: path) == bytes)
      }
      #expect(throws: FileLastEventIDStore.FileError.self) { try FileLastEventIDStore(path: folder).load() }
      #expect(throws: FileLastEventIDStore.FileError.self) {
        try FileLastEventIDStore(path: "\(folder)/none/id").save("1")
      }
    }
  }

  @Test func aLineBreakAtTheEndIsNoPartOfTheID() async throws {
    try await inFolder { folder in
      let store = FileLastEventIDStore(path: "\(folder)/id")
      for (text, id) in [("7\n", "7"), ("7\r\n", "7"), ("\n", ""), ("é", "é")] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: store.path))
        #expect(try store.load() == id)
      }
      try Data("7\n\n".utf8).write(to: URL(fileURLWithPath: store.path))
      #expect(throws: FileLastEventIDStore.FileError.self) { try store.load() }
    }
  }

  @Test func whatIsSavedCanBeLoaded() async throws {
    try await inFolder { folder in
      let store = FileLastEventIDStore(path: "\(folder)/id")
      let largest = String(repeating: "i", count: FileLastEventIDStore.maximumBytes)
      try store.save(largest)
      #expect(try store.load() == largest)
      for text in [largest + "i", "a\nb", "a\rb", "a\0b", "a\n"] {
        #expect(throws: FileLastEventIDStore.FileError.self) { try store.save(text) }
      }
      #expect(try store.load() == largest)
    }
  }

  @Test func noSymbolicLinkIsFollowedAndNothingButAFileIsRead() async throws {
    try await inFolder { folder in
      let store = FileLastEventIDStore(path: "\(folder)/id")
      try Data("precious".utf8).write(to: URL(fileURLWithPath: "\(folder)/other"))
      for link in ["id", "id.next"] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(folder)/\(link)", withDestinationPath: "\(folder)/other")
      }
      #expect(throws: FileLastEventIDStore.FileError.self) { try store.load() }
      try store.save("1")
      #expect(try store.load() == "1")
      #expect(FileManager.default.contents(atPath: "\(folder)/other") == Data("precious".utf8))
      // Opening a pipe without a writer would block forever.
      mkfifo("\(folder)/pipe", 0o600)
      #expect(throws: FileLastEventIDStore.FileError.self) {
        try FileLastEventIDStore(path: "\(folder)/pipe").load()
      }
    }
  }

  private let numbered: ScriptedServer.Script = { connection in
    let last = try connection.request().values(of: "Last-Event-ID").first.flatMap { Int($0) } ?? 0
    try connection.head()
    for number in (last + 1)...(last + 3) { try connection.write("id: \(number)\ndata: \(number)\n\n") }
    try connection.untilClosed()
  }

  private func read(_ count: Int, _ source: EventSource) async throws -> [String] {
    try await within {
      var data: [String] = []
      for try await message in source.events {
        data.append(message.data)
        if source.configuration.acknowledgement == .explicit, data.count == 2 { try await source.acknowledge(message) }
        if data.count == count { break }
      }
      return data
    }
  }

  @Test(arguments: TransportKind.allCases)
  func anEventIsDealtWithWhenTheNextIsAskedForOrWhenItIsSaid(transport: TransportKind) async throws {
    try await inFolder { folder in
      let server = try ScriptedServer(numbered)
      let store = FileLastEventIDStore(path: "\(folder)/id")
      let configuration = EventSource.Configuration.quick { $0.lastEventIDStore = store }
      func source(_ configuration: EventSource.Configuration) -> EventSource {
        EventSource(server.url, configuration: configuration, transport: transport.make())
      }
      #expect(try await read(2, source(configuration)) == ["1", "2"])
      // The second one was delivered, and no further one was requested.
      #expect(try store.load() == "1")
      #expect(try await read(3, source(configuration)) == ["2", "3", "4"])
      var explicit = configuration
      explicit.acknowledgement = .explicit
      #expect(try await read(3, source(explicit)) == ["4", "5", "6"])
      #expect(try store.load() == "5")
      server.stop()
    }
  }

  private struct Failing: LastEventIDStore {
    struct Failure: Error {}
    var loads = false
    func load() async throws -> String? { if loads { nil } else { throw Failure() } }
    func save(_ id: String) async throws { throw Failure() }
  }

  @Test(arguments: [true, false])
  func aStoreThatFailsClosesTheSource(loads: Bool) async throws {
    let server = try ScriptedServer(numbered)
    let configuration = EventSource.Configuration.quick { $0.lastEventIDStore = Failing(loads: loads) }
    let source = EventSource(server.url, configuration: configuration)
    let (data, error) = try await readToEnd(source)
    #expect(data == (loads ? ["1"] : []) && error?.code == .store && error?.underlying is Failing.Failure)
    #expect(source.readyState == .closed && server.accepted == (loads ? 1 : 0))
    server.stop()
  }
}
