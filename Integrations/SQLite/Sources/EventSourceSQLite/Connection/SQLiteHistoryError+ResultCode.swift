internal import CSQLite

extension SQLiteHistoryError {
  /// Creates the error for an SQLite result code, with a message that names the remedy.
  init(resultCode: Int32, path: String, detail: String) {
    let (code, message): (Code, String) =
      switch resultCode & 0xFF {
      case SQLITE_CANTOPEN: (.cannotOpen, "cannot be opened; check that the folder exists and is accessible")
      case SQLITE_PERM, SQLITE_AUTH: (.cannotOpen, "this process has no permission to open the file")
      case SQLITE_NOTADB: (.notADatabase, "the file is not an SQLite database; it was not changed")
      case SQLITE_BUSY, SQLITE_LOCKED: (.busy, "another process has locked the file; nothing was changed, try again")
      case SQLITE_FULL: (.full, "the disk is full or the configured maximum size is reached; nothing was changed")
      case SQLITE_READONLY: (.readOnly, "the file or its folder is not writable")
      case SQLITE_CORRUPT: (.damaged, "the file is damaged (\(detail))")
      case SQLITE_IOERR: (.inputOutput, "the system could not read or write the file (\(detail)); nothing was changed")
      case SQLITE_TOOBIG: (.eventTooLarge, "the event is larger than SQLite can hold")
      default: (.other, detail)
      }
    self.init(code, path: path, message, resultCode: resultCode)
  }
}
