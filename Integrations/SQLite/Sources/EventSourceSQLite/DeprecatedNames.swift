// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

// The names of version 0.1. They will be removed in version 0.3. `Changes.md` lists them with the current names.

@available(*, deprecated, renamed: "SQLiteEventReader")
public typealias ReadOnlySQLiteEventRepository = SQLiteEventReader

extension SQLiteEventReader {
  @available(*, deprecated, renamed: "init(path:connections:busyTimeout:)")
  public convenience init(
    path: String, readers: Int, busyTimeout: Duration = .seconds(5)
  ) throws(SQLiteHistoryError) {
    try self.init(path: path, connections: readers, busyTimeout: busyTimeout)
  }
}

extension SQLiteEventRepository.Configuration {
  @available(*, deprecated, renamed: "connections")
  public var readers: Int {
    get { connections }
    set { connections = newValue }
  }
}
