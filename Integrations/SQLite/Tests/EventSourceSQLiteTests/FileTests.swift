import EventSourceFormat
import EventSourceSQLite
import EventSourceServer
import Foundation
import Testing

/// Tests which files are opened, and which are rejected and left unchanged.
@Suite struct FileTests {
  private let folder = try! TemporaryFolder()

  private func code(_ path: String) -> SQLiteHistoryError.Code? {
    do {
      _ = try SQLiteEventRepository(path: path, configuration: .test())
      return nil
    } catch {
      #expect(error.path == path && !error.message.isEmpty && error.description.contains(path))
      return error.code
    }
  }

  private func readingCode(_ path: String) -> SQLiteHistoryError.Code? {
    do {
      _ = try SQLiteEventReader(path: path)
      return nil
    } catch {
      return error.code
    }
  }

  /// Expects that the file is rejected for writing and for reading, is unchanged, and gets no other files next to it.
  private func expectUntouched(_ path: String, _ expected: SQLiteHistoryError.Code) throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let beside = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(code(path) == expected)
    #expect(readingCode(path) == expected)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == beside)
  }

  @Test func aFileThatIsNoDatabaseIsRefused() throws {
    for (name, content) in [("short", "hello"), ("long", String(repeating: "text ", count: 10_000))] {
      try Data(content.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
      try expectUntouched(folder.file(name), .notADatabase)
    }
  }

  @Test(arguments: ["DELETE", "WAL"])
  func aDatabaseOfAnotherProgramIsRefused(_ mode: String) throws {
    let path = folder.file("other.db")
    try RawDatabase(path).execute("PRAGMA journal_mode = \(mode); CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    try expectUntouched(path, .otherApplication)
    try RawDatabase(path).execute("PRAGMA application_id = 77")
    try expectUntouched(path, .otherApplication)
  }

  @Test func aHistoryOfANewerVersionIsRefused() async throws {
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    _ = try await repository.append([ServerSentEvent(data: "x")], to: "a")
    await repository.close()
    try RawDatabase(folder.file()).execute("PRAGMA user_version = 3")
    try expectUntouched(folder.file(), .newerVersion)
    try RawDatabase(folder.file()).execute("PRAGMA user_version = 2")
    let again = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    #expect(try await again.held().count == 1)
    await again.close()
  }

  @Test func whatCannotBeOpenedIsSaid() throws {
    #expect(code(folder.file("nowhere/history.db")) == .cannotOpen)
    #expect(code(folder.path) == .cannotOpen)
    #expect(readingCode(folder.file("nothing.db")) == .cannotOpen)
    #expect(!FileManager.default.fileExists(atPath: folder.file("nothing.db")))
  }

  @Test func anEmptyFileBecomesAHistory() async throws {
    try Data().write(to: URL(fileURLWithPath: folder.file()))
    #expect(readingCode(folder.file()) == .cannotOpen)
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    _ = try await repository.append([ServerSentEvent(data: "x")], to: "a")
    await repository.close()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["history.db"])
  }

  @Test(arguments: ["a?mode=memory", "100%25 #1", "file:x", ":memory:", "é 👋"])
  func aNameIsTakenAsItIs(_ name: String) async throws {
    for round in 1...2 {
      let repository = try SQLiteEventRepository(path: folder.file(name), configuration: .test())
      _ = try await repository.append([ServerSentEvent(data: "x")], to: "a")
      #expect(try await repository.held().count == round)
      await repository.close()
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [name])
  }

  @Test func aDamagedFileIsSaidAndCrashesNothing() async throws {
    let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
    for number in 1...300 {
      _ = try await repository.append([ServerSentEvent(data: String(repeating: "\(number) ", count: 100))], to: "a")
    }
    await repository.close()
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder.file()))
    var rejections = 0
    for page in 0..<(whole.count / 4096) {
      var damaged = whole
      // The header is kept, so this is still a file of this library.
      let start = max(100, page * 4096)
      damaged.replaceSubrange(start..<(start + 2_000), with: repeatElement(0xA5, count: 2_000))
      try damaged.write(to: URL(fileURLWithPath: folder.file()))
      do {
        let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
        do {
          _ = try await repository.held()
          _ = try await repository.append([ServerSentEvent(data: "x")], to: "a")
        } catch let error as SQLiteHistoryError {
          #expect(error.code == .damaged, "\(error)")
          rejections += 1
        }
        await repository.close()
      } catch let error as SQLiteHistoryError {
        #expect(error.code == .damaged, "\(error)")
        rejections += 1
      }
    }
    #expect(rejections > 10)
  }

  /// A file of version 1 has a single epoch, and its rows have no session.
  @Test func aHistoryOfAnEarlierVersionIsBroughtUpToDateByItsWriter() async throws {
    try RawDatabase(folder.file()).execute(
      """
      PRAGMA journal_mode = WAL;
      CREATE TABLE history (epoch TEXT NOT NULL, flushes INTEGER NOT NULL) STRICT;
      CREATE TABLE channel (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, first INTEGER NOT NULL,
        last INTEGER NOT NULL, bytes INTEGER NOT NULL, highest_foreign INTEGER NOT NULL) STRICT;
      CREATE TABLE event (channel INTEGER NOT NULL REFERENCES channel (id), number INTEGER NOT NULL,
        time INTEGER NOT NULL, bytes INTEGER NOT NULL, reconnection INTEGER, own_id TEXT, type TEXT, data TEXT NOT NULL,
        PRIMARY KEY (channel, number)) STRICT, WITHOUT ROWID;
      CREATE INDEX event_own_id ON event (channel, own_id) WHERE own_id IS NOT NULL;
      INSERT INTO history VALUES ('abcdefgh', 7);
      INSERT INTO channel VALUES (5, 'a', 3, 5, 3, 0);
      INSERT INTO event VALUES (5, 3, 0, 1, NULL, NULL, NULL, '3'), (5, 4, 0, 1, 20, 'own', 'type', '4'),
        (5, 5, 0, 1, NULL, NULL, NULL, '5');
      PRAGMA application_id = 0x45534B48; PRAGMA user_version = 1;
      """)
    #expect(readingCode(folder.file()) == .cannotOpen)
    for round in 0...1 {
      let repository = try SQLiteEventRepository(path: folder.file(), configuration: .test())
      #expect(try await repository.held().prefix(3).map(\.id) == ["abcdefgh-3", "own", "abcdefgh-5"])
      #expect(try await repository.held(after: "abcdefgh-3").prefix(2).map(\.data) == ["4", "5"])
      #expect(try await repository.held(after: "own").count == 1 + round)
      for (id, isGap) in [("abcdefgh-1", true), ("abcdefgh-4", false), ("abcdefgh-9", false)] {
        let answer = try await repository.events(for: ReplayRequest(channel: "a", lastEventID: EventID(id)))
        #expect(try await answer == (isGap ? .gap(repository.held()) : .unknownID))
      }
      _ = try await repository.append([ServerSentEvent(data: "new")], to: "a")
      await repository.close()
    }
    #expect(readingCode(folder.file()) == nil)
    #expect(try RawDatabase(folder.file()).value("PRAGMA integrity_check") == "ok")
  }
}
