/// Streams with a content coding.
extension DeliveryLane {
  /// Chooses the coding of a stream that has subscribed to its channels.
  ///
  /// - Returns: `false` if the request excludes every coding.
  func chooseCoding(for session: EventStreamSession, _ plan: StreamPlan) -> Bool {
    session.encoder = nil
    guard let compression = session.handler.configuration.compression else { return true }
    let accepted = AcceptEncodingField(plan.request.fields.values(of: "Accept-Encoding"))
    // Without shared blocks a stream would only become longer.
    let pays =
      compression.sharing == .perStream
      || session.subscriptions.count == 1 && session.subscriptions[0].window == 0 && !session.isJSONLines
    guard accepted.prefersGzip && pays || accepted.admitsGzip && !accepted.admitsIdentity else {
      return accepted.admitsIdentity
    }
    session.encoder = ContentEncoder(compression, hub.budget)
    return true
  }

  /// Encodes bytes for one reader and writes them. The stream is blocked if the response did not accept everything.
  ///
  /// - Returns: The number of bytes encoded, at least 1, or `nil` if the stream is over.
  func write(_ bytes: borrowing EventStreamBytes, to session: EventStreamSession, _ encoder: ContentEncoder) -> Int? {
    let (encoded, count) = encoder.encode(bytes, hub.budget)
    return flush(encoded, to: session, encoder) ? count : nil
  }

  /// Writes encoded bytes, and keeps what the response does not accept.
  ///
  /// - Returns: `false` if the stream is over.
  @discardableResult func flush(
    _ encoded: EventStreamBytes, to session: EventStreamSession, _ encoder: ContentEncoder
  ) -> Bool {
    guard let taken = account(session.response.write(encoded), of: encoded.count, to: session) else { return false }
    encoder.pending = taken == encoded.count ? nil : encoded.dropFirst(taken)
    return true
  }

  /// Puts the beginning of the coding into a stream that has had no content. Otherwise it would be missing before
  /// shared blocks.
  ///
  /// - Returns: Whether there is something to write.
  func beginsContent(_ session: EventStreamSession) -> Bool {
    guard let encoder = session.encoder, !encoder.joiner.hasHeader else { return false }
    encoder.begin(hub.budget)
    return true
  }

  /// Sends a comment to a silent reader. It waits for the next key frame then. When a channel was silent, all its
  /// readers do, so that the next event is one.
  func sendEncodedHeartbeat(to session: EventStreamSession) {
    leaveCohort(session)
    guard write(hub.heartbeat, to: session) != nil else { return }
    session.isBlocked ? becameBlocked(session) : joinCohort(session)
  }
}

/// Shared blocks.
extension DeliveryLane {
  /// Returns whether a stream may be sent shared bytes next.
  func canFollow(_ session: EventStreamSession) -> Bool {
    guard let encoder = session.encoder else { return true }
    return encoder.shared != nil && encoder.pending == nil && session.subscriptions.count == 1
  }

  /// Lets a stream follow its channel.
  ///
  /// - Returns: The form of what it is sent.
  func follow(_ session: EventStreamSession, _ audience: LaneAudience) -> Cohort.Form {
    guard let encoder = session.encoder, let compressor = encoder.shared else { return .plain }
    let compression = audience.compression ?? SharedCompression(compressor, hub.budget)
    audience.compression = compression
    let canContinue =
      encoder.joiner.position != nil && encoder.joiner.position == compression.position
      && compression.position?.end == audience.position
    encoder.follow(compression)
    return canContinue ? .shared : .stored
  }

  /// Records what a stream has been sent when it leaves its cohort.
  func unfollow(_ encoder: ContentEncoder, _ cohort: Cohort, _ audience: LaneAudience, isOffered: Bool) {
    guard let compression = audience.compression else { return }
    let isFollowing = cohort.form == .shared
    if isOffered, let encoded = audience.pass?.encoded {
      encoder.unfollow(at: encoded.digest, position: encoded.position(isFollowing: isFollowing))
    } else {
      encoder.unfollow(at: compression.digest, position: isFollowing ? compression.position : nil)
    }
  }

  /// Returns a piece that is quickly compressed, if any reader accepts gzip.
  func limited(_ piece: LogPiece, _ audience: LaneAudience) -> LogPiece {
    guard audience.cohorts.contains(where: { $0.form != .plain && !$0.members.isEmpty }) else { return piece }
    return piece.limited(to: KeyFrameSchedule.interval, large: KeyFrameSchedule.interval)
  }

  /// Returns the piece that is being broadcast as readers that accept gzip are sent it.
  func encodedPiece(of pass: BroadcastPass, _ audience: LaneAudience) -> EncodedPiece {
    if let encoded = pass.encoded { return encoded }
    let compression = audience.compression!
    func count(_ form: Cohort.Form) -> Int { audience.cohorts.first { $0.form == form }?.members.count ?? 0 }
    let encoded = compression.begin(pass.piece, following: count(.shared), waiting: count(.stored), now: now)
    pass.encoded = encoded
    // Compressing takes about as long as a hundred writes for 64 KiB.
    allowance -= pass.piece.bytes.count >> 9
    if compression.isActive, !compression.isListed {
      compression.isListed = true
      compressing.append(compression)
      if nextCompressionCheck == .never { nextCompressionCheck = now + SharedCompression.quietTime }
    }
    return encoded
  }

  /// Ends the broadcast of a piece to readers that accept gzip. After a key frame, those that waited follow.
  func endCompression(of encoded: EncodedPiece, _ audience: LaneAudience) {
    audience.compression?.end(encoded)
    guard encoded.endsWaiting, let waiting = audience.cohorts.first(where: { $0.form == .stored }) else { return }
    guard let following = audience.cohorts.first(where: { $0.form == .shared }) else {
      waiting.form = .shared
      return
    }
    while let member = waiting.members.last {
      waiting.remove(member.session)
      following.insert(member.session)
    }
  }

  /// Handles a reader that did not accept all of an encoded piece. It counts as sent: the rest is kept.
  func tookLess(
    of pass: BroadcastPass, _ session: EventStreamSession, _ encoder: ContentEncoder, _ result: EventStreamWriteResult
  ) {
    let part = pass.parts[0]
    leaveCohort(session)
    guard let taken = account(result, of: part.count, to: session) else { return }
    encoder.pending = part.dropFirst(taken)
    tally.delivered += Int(pass.piece.endOrdinal - pass.piece.startOrdinal)
    becameBlocked(session)
  }

  /// Releases the compressors of channels that have had no events for some time.
  func releaseQuietCompressors() {
    compressing.removeAll { compression in
      if compression.lastUse <= now - SharedCompression.quietTime { compression.release() }
      compression.isListed = compression.isActive
      return !compression.isActive
    }
    nextCompressionCheck = compressing.isEmpty ? .never : now + SharedCompression.quietTime
  }
}
