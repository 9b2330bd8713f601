import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// Checks the outcomes of publishing.
extension Schedule {
  /// Returns the minimum and maximum size of an event in bytes.
  private func size(_ event: ServerSentEvent) -> ClosedRange<Int> {
    let lines = event.data.split(separator: "\n", omittingEmptySubsequences: false).count
    let least = event.data.utf8.count + (event.id?.rawValue.utf8.count ?? 0)
    return least...(least + 8 * lines + 80)
  }

  /// Returns whether no reader can send an ID back.
  private func isUnusable(_ id: EventID) -> Bool {
    let bytes = Array(id.rawValue.utf8)
    return bytes.isEmpty || bytes.count > 1024 || bytes[0] == UInt8(ascii: "*") || [32, 9].contains(bytes[0])
      || [32, 9].contains(bytes[bytes.count - 1]) || bytes.contains { $0 < 32 || $0 == 127 }
  }

  /// Judges the outcome of publishing an event. An `error` of `nil` means success.
  func judgeAcceptance(
    _ event: ServerSentEvent, _ names: [String], isAwaited: Bool, _ error: (any Error)?, isOfThisHub: Bool = true
  ) {
    let limit = min(options.hub.maximumEventBytes, options.hub.memoryLimit / 4)
    let isTooLarge = size(event).lowerBound > limit
    let unusable = event.id.map(isUnusable) ?? false
    // A channel created on demand may have been forgotten and created again with other IDs.
    let isOwn =
      options.hub.channelCreation == .explicit
      && names.contains { name in event.id.map { generated[name]?.contains($0) == true } ?? false }
    let recording = names.contains { isRecording && isRegistered[$0]! }
    let absent = names.contains { !isOpen[$0]! }
    guard let error else {
      coverage.note(.outcome(.published))
      if isTooLarge { report(.memory, "an event of \(size(event)) bytes was published; a quarter is \(limit)") }
      if unusable { report(.identity, "the ID \(event.id!.rawValue.debugDescription.prefix(40)) was published") }
      if isOwn, !isAwaited { report(.identity, "the ID \(event.id!), which the hub generated, was published") }
      if recording, !isAwaited { report(.historyBeforeStream, "an event was published without being recorded") }
      if absent, !isAwaited { report(.life, "an event was published to a channel that is not there") }
      return
    }
    guard let error = error as? PublishError else { return judgeError(error, names) }
    switch error {
    case .eventTooLarge where size(event).upperBound > limit: coverage.note(.outcome(.eventTooLarge))
    case .unusableID where unusable: coverage.note(.outcome(.unusableID))
    case .generatedID where event.id.map({ $0.rawValue.hasPrefix(hub.idPrefix) }) ?? false || isAwaited:
      coverage.note(.outcome(.generatedID))
    case .recordingChannel where recording && !isAwaited: coverage.note(.outcome(.recordingChannel))
    case .eventTooLarge, .unusableID, .generatedID, .recordingChannel:
      report(.identity, "an event was refused: \(error)")
    default: judgeError(error, names, isAwaited: isAwaited, isOfThisHub: isOfThisHub)
    }
  }

  func judgeError(_ error: any Error, _ names: [String], isAwaited: Bool = false, isOfThisHub: Bool = true) {
    let outcome: PublishOutcome?
    switch error {
    case is CancellationError: outcome = .canceled
    case is ScheduleRepository.Failure: outcome = .repositoryError
    case is EventStreamFormatError: outcome = .formatError
    case let error as PublishError:
      switch error {
      case .unknownChannel(let name):
        outcome = .unknownChannel
        if !isAwaited, isOpen[ledger.labels[name]!]! { report(.life, "publishing says that there is no \(name)") }
        if options.hub.channelCreation == .onDemand { report(.life, "a channel on demand is not there") }
      case .tooManyChannels: outcome = options.hub.maximumChannels < 100 ? .tooManyChannels : nil
      case .wrongRecording: outcome = isRecording ? .wrongRecording : nil
      case .recordingBacklog: outcome = isRecording ? .recordingBacklog : nil
      case .outcomeUnknown: outcome = isRecording ? .outcomeUnknown : nil
      case .channelRemoved: outcome = .channelRemoved
      case .closed: outcome = isClosing || !isOfThisHub ? .closed : nil
      default: outcome = nil
      }
    default: outcome = nil
    }
    guard let outcome else { return report(.waits, "publishing threw \(error)") }
    coverage.note(.outcome(outcome))
  }

  /// Publishes an invalid event, which must be rejected without being sent.
  func publishOddly() {
    let name = random.one(of: options.names)
    var (event, token, key) = makeEvent(for: name)
    let kinds: [OwnIDKind] = [.tooLong, .control, .outerSpace, .composite, .ofThisChannel, .future, .none]
    let kind = random.one(of: kinds)
    switch kind {
    case .none:
      let limit = min(options.hub.maximumEventBytes, options.hub.memoryLimit / 4)
      guard limit < 70_000 else {
        event.reconnectionTime = .seconds(-1)
        return judgeRefusal { try hub.publish(event, to: channelName(name), coalescingKey: key) }
      }
      let size = random.one(of: [limit / 2, limit - 200, limit, limit + 1, 2 * limit, 5 * limit])
      (event, token, key) = makeEvent(for: name, max(0, size))
      if options.history == .storedLaterNamed || options.history == .storedFirst { return }
    case .ofThisChannel:
      guard let id = generated[name]?.randomElement(using: &random) else { return }
      event.id = id
    case .future:
      guard options.history == .none else { return }
      event.id = try? EventID(hub.idPrefix + random.one(of: ["zzz-1", "zz0-18446744073709551615"]))
      return judgeRefusal { try hub.publish(event, to: channelName(name), coalescingKey: key) }
    default:
      event.id = try? EventID(OwnIDs(seed: seed).unusable(kind, &random))
    }
    coverage.note(.id(kind))
    if isRecording, isRegistered[name]! {
      publishAwaited(event, token, key, to: [name], .stored)
    } else if options.history == .none || kind != .none {
      publish(event, token, key, to: name)
    }
  }

  /// Checks that publishing throws.
  private func judgeRefusal(_ publish: () throws -> Void) {
    do {
      try publish()
      report(.identity, "an event was published that cannot be")
    } catch is EventStreamFormatError {
      coverage.note(.outcome(.formatError))
    } catch PublishError.generatedID {
      coverage.note(.id(.future))
      coverage.note(.outcome(.generatedID))
    } catch {
      judgeError(error, options.names)
    }
  }

  /// Checks that every reader that had everything and accepts everything was offered the event.
  func judgeOffer(_ token: Int, _ names: [String], before attempt: Int) {
    for reader in readers {
      guard let visit = reader.visit, visit.isStreaming, visit.isFast, visit.attempt <= attempt, !visit.hasToEnd,
        names.allSatisfy({ window($0, visit) == nil })
      else { continue }
      reader.takeIn()
      for name in names {
        guard let progress = reader.progress[name], progress.isLive, !progress.isRemoved,
          visit.channels.contains(name), !wasRemoved(name, visit), let place = ledger.place(of: token, in: name),
          !progress.isGapTold, !hasEverything(reader, name, visit, of: place + 1)
        else { continue }
        report(
          .acknowledgement, "\(short(name)) \(place) was offered, and reader \(reader.number) is at \(progress.next)")
      }
    }
  }
}
