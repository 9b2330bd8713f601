import EventSourceFormat
import EventSourceServer
import EventSourceTesting

/// Uses handles and lists of channels, and changes their configurations.
extension Schedule {
  func useHandle(_ name: String) {
    switch Int.random(in: 0..<6, using: &random) {
    case 0: return list()
    case 1: return reconfigure(name)
    default: break
    }
    note(.channel)
    if handles[name] == nil || random.isOnce(in: 4) {
      do {
        let handle = try hub.channel(channelName(name))
        if options.hub.channelCreation == .explicit, !isOpen[name]! {
          report(.handle, "there is a handle to no channel")
        }
        handles[name] = (handle, ledger.lives[name]!)
      } catch {
        return judgeError(error, [name])
      }
    }
    guard let (handle, life) = handles[name] else { return }
    let isRemoved = life != ledger.lives[name]
    if handle.isRemoved != isRemoved { report(.handle, "a handle says that \(name) is removed: \(handle.isRemoved)") }
    if handle.name != channelName(name) { report(.handle, "a handle has another name") }
    switch Int.random(in: 0..<5, using: &random) {
    case 0: publish(by: handle, isRemoved, name)
    case 1:
      note(.handlePublishComment)
      guard (try? handle.publish(comment: "by handle")) != nil else { return judgeRemoved(isRemoved, name) }
      noteComment(name)
    case 2:
      note(.handleStatistics)
      let statistics = handle.statistics
      if statistics.readers != handle.readerCount || statistics.name != channelName(name) {
        report(.life, "a channel's statistics are \(statistics)")
      }
      if handle.configuration.slowReaders != rules(of: name).slowReaders, !isRemoved {
        report(.handle, "a handle has other rules")
      }
    case 3:
      note(.handleReconfigure)
      do { try handle.reconfigure { _ in } } catch { judgeRemoved(isRemoved, name) }
    default:
      note(.handleRemove)
      if isRemoved { return handle.remove() }
      remove(name, by: { handle.remove() })
      if isRecording { executor.run() }
    }
  }

  private func publish(by handle: ChannelHandle, _ isRemoved: Bool, _ name: String) {
    guard options.history == .none else { return }
    let (event, token, key) = makeEvent(for: name)
    if random.isOnce(in: 2) {
      note(.handlePublishAwaited)
      nonisolated(unsafe) let taken = ScheduledEvent(event: event) { [self] in
        if isOpen[name]! || options.hub.channelCreation == .onDemand, !handle.isRemoved { ledger.add(token, to: name) }
        ledger.setPublished(token, in: name)
      }
      awaited[token] = Task(executorPreference: executor) { [self, owner = hub!] in
        defer { awaited[token] = nil }
        do {
          let id = try await handle.publish(taken, coalescingKey: key, waitingUntil: .offered)
          if owner === hub, ledger.place(of: token, in: name) != nil { published(id, token, name, event) }
        } catch {
          ledger.setOptional(token, in: name)
          judgeError(error, [name], isAwaited: true, isOfThisHub: owner === hub)
        }
      }
      return
    }
    note(.handlePublish)
    do {
      let id = try handle.publish(event, coalescingKey: key)
      if isRemoved { report(.handle, "a handle to a channel that is removed publishes") }
      ledger.add(token, to: name)
      published(id, token, name, event)
    } catch PublishError.channelRemoved {
      coverage.note(.outcome(.channelRemoved))
      judgeRemoved(isRemoved, name)
    } catch {
      judgeError(error, [name])
    }
  }

  private func judgeRemoved(_ isRemoved: Bool, _ name: String) {
    if !isRemoved { report(.handle, "a handle says that \(name) is removed") }
  }

  private func list() {
    note(.channelPage)
    note(.forEachChannel)
    var listed: [ChannelName] = []
    hub.forEachChannel { listed.append($0.name) }
    let page = hub.channelPage(limit: 2)
    if page.channels.map(\.name) != Array(listed.prefix(2)) {
      report(.listing, "a page has other channels than the list")
    }
    guard options.hub.channelCreation == .explicit else { return }
    let expected = Set(options.names.filter { isOpen[$0]! }.map(channelName))
    if Set(listed) != expected || listed.count != expected.count {
      report(.listing, "listed are \(listed.count) channels")
    }
  }

  private func reconfigure(_ name: String) {
    note(.reconfigure)
    var rules = rules(of: name)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: rules.slowReaders = random.one(of: [.disconnect, .skipToNewest, .newestPerKey])
    case 1: rules.maximumBacklogBytes = random.one(of: [nil, 600])
    case 2: rules.maximumLag = random.one(of: [nil, .seconds(2)])
    default: rules.coalescingWindow = random.one(of: [nil, .zero, .milliseconds(50)])
    }
    do {
      try hub.reconfigure(channelName(name)) { $0 = rules }
      if !isOpen[name]! { report(.rules, "rules of a channel that is not there are changed") }
      currentRules[name] = rules
      reconfigured.insert(name)
    } catch {
      if isOpen[name]!, options.hub.channelCreation == .explicit { report(.rules, "rules cannot be changed: \(error)") }
    }
  }
}
