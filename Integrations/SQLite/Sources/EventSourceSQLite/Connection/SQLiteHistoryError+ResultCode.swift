internal import CSQLite

extension SQLiteHistoryError {
  /// Makes the error for an SQLite result code, with a message that says what to do.
  init(resultCode: Int32, path: String, detail: String) {
    let (code, message): (Code, String) =
      switch resultCode & 0xFF {
      case SQLITE_CANTOPEN: (.cannotOpen, "it cannot be opened; look whether the folder is there and may be used")
      case SQLITE_PERM, SQLITE_AUTH: (.cannotOpen, "the system does not let this process open it")
      case SQLITE_NOTADB: (.notADatabase, "the file is not an SQLite database; it is left as it is")
      case SQLITE_BUSY, SQLITE_LOCKED: (.busy, "another process keeps it locked; nothing was changed, try again")
      case SQLITE_FULL: (.full, "there is no room for more, on the disk or as configured; nothing was changed")
      case SQLITE_READONLY: (.readOnly, "the file or its folder may not be written")
      case SQLITE_CORRUPT: (.damaged, "the file is damaged (\(detail))")
      case SQLITE_IOERR: (.inputOutput, "the system could not read or write it (\(detail)); nothing was changed")
      case SQLITE_TOOBIG: (.eventTooLarge, "the event is larger than SQLite can hold")
      default: (.other, detail)
      }
    self.init(code, path: path, message, resultCode: resultCode)
  }
}
