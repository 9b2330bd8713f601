/// The kinds of requests other than the regular ones of readers.
enum RequestKind: String, CaseIterable {
  case route, rootQuery, addedByQuery, endpointChannels
  case idInQuery, garbageID, longID, acceptsGzip
  case head, options, badMethod, notAcceptable, badTarget, pathAndQuery, noChannel, tooManyChannels, unknownChannel
}

enum ResponseStatus: String, CaseIterable {
  case ok = "200", noContent = "204", bad = "400", unauthorized = "401", forbidden = "403", notFound = "404"
  case notAllowed = "405", notAcceptable = "406", gone = "410", tooMany = "429", unavailable = "503"
}

/// The behaviors of histories and snapshot providers.
enum HistoryAct: String, CaseIterable {
  case none, recording, reporting, inMemory, storedFirst, storedLater, storedLaterNamed
  case asked, recorded, late, partial, fails, hangs, empty, gap, unknownID, evicts, emptied, recorderFails
  case recorderHangs, wrongIDs, newestFails, snapshot, snapshotWithoutID, snapshotEmpty, snapshotStale, snapshotFails
}

/// The behaviors of stacks and their clients.
enum StackAct: String, CaseIterable {
  case shortWrites, noRoom, reads, hangsUp, cut, keepsBytes, suspended, resumed, timePasses, clocksDrift, origins
  case loopStandsStill
}

/// The contents of streams.
enum ReaderEvent: String, CaseIterable {
  case event, comment, retry, gap, gapWithoutEarliest, removed, snapshot, conflated, coalesced, resumed, replayedAll,
    compressed
}
