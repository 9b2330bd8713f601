public import CEventSource
package import EventSourceServer

// Implements the functions of the header's part "Configuration" that take callbacks, and those about origins.

/// See the header.
@c @implementation
public func es_config_allow_origin(_ config: OpaquePointer!, _ origin: UnsafePointer<CChar>!) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let origin = try Text.required(origin, "origin")
    try settings.change("es_config_allow_origin", of: .streams) { settings in
      if origin == "*" {
        settings.streams.crossOrigin.origins = .any
      } else if case .listed(let listed) = settings.streams.crossOrigin.origins {
        settings.streams.crossOrigin.origins = .listed(listed.union([origin]))
      } else {
        settings.streams.crossOrigin.origins = .listed([origin])
      }
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_origins(_ config: OpaquePointer!, _ origins: UnsafePointer<es_origins>!) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let origins = try origins.map { try es_origins(reading: $0) }
    let placeholder = CrossOriginPolicy.Origins.matching { _ in false }
    // Validates first: an object that is created and then discarded would release the program's context.
    try settings.change("es_config_set_origins", of: .streams) {
      if let origins { _ = try required(origins.allows, "the origins' allows") }
      $0.streams.crossOrigin.origins = origins == nil ? .sameOriginOnly : placeholder
    }
    guard let origins else { return }
    let program = ProgramOrigins(origins)
    settings.streams.crossOrigin.origins = .matching { program.allow($0) }
  }
}

/// See the header.
@c @implementation
public func es_config_set_snapshots(
  _ config: OpaquePointer!, _ uses: Int32, _ snapshots: UnsafePointer<es_snapshots>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    try settings.require(.streams, for: "es_config_set_snapshots")
    guard (1...3).contains(uses) else {
      throw Failure(.invalidValue, "uses cannot be \(uses); expected a sum of es_snapshot_use")
    }
    let provider = try snapshots.map { try ProgramSnapshots(es_snapshots(reading: $0)) }
    if uses & Int32(ES_SNAPSHOT_FOR_NEW_READERS.rawValue) != 0 { settings.streams.snapshotForNewReaders = provider }
    guard uses & Int32(ES_SNAPSHOT_AFTER_GAP.rawValue) != 0 else { return }
    if let provider {
      settings.streams.gapPolicy = .snapshot(provider)
    } else if case .snapshot = settings.streams.gapPolicy {
      settings.streams.gapPolicy = .replayAvailable
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_logger(_ config: OpaquePointer!, _ logger: UnsafePointer<es_logger>!) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let logger = try logger.map { try es_logger(reading: $0) }
    try settings.change("es_config_set_logger", of: .hub) { settings in
      settings.logger = try logger.map { try ProgramLogger($0) }
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_occupancy_observer(
  _ config: OpaquePointer!, _ observer: UnsafePointer<es_occupancy_observer>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let observer = try observer.map { try es_occupancy_observer(reading: $0) }
    try settings.change("es_config_set_occupancy_observer", of: .hub) { settings in
      settings.hub.occupancyObservers = try observer.map { [try ProgramOccupancyObserver($0)] } ?? []
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_repository(
  _ config: OpaquePointer!, _ repository: UnsafePointer<es_repository>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let repository = try repository.map { try es_repository(reading: $0) }
    try settings.change("es_config_set_repository", of: .hub) { settings in
      guard let repository else { return settings.hub.repositoryProvider = nil }
      let program = try ProgramRepository(repository)
      settings.hub.repositoryProvider = { _ in program }
    }
  }
}

/// Sets the history of every channel of the hubs, or of the runs, that use this configuration. Libraries that supply
/// histories call it.
package func setRepository(
  _ repository: (any EventRepository)?, in config: OpaquePointer?, _ function: String
) throws {
  let settings: Settings = try Handle.object(config, "config")
  guard settings.kind != ES_CONFIG_RUNS else {
    return try settings.change(function, of: .runs) {
      $0.runs.repository = try repository.map { repository in
        guard let recording = repository as? any RecordingEventRepository else {
          throw Failure(.invalidValue, "the history of runs must record them")
        }
        return recording
      }
    }
  }
  try settings.change(function, of: .hub) { settings in
    guard let repository else { return settings.hub.repositoryProvider = nil }
    settings.hub.repositoryProvider = { _ in repository }
  }
}

/// See the header.
@c @implementation
public func es_config_set_authorizer(
  _ config: OpaquePointer!, _ authorizer: UnsafePointer<es_authorizer>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let authorizer = try authorizer.map { try es_authorizer(reading: $0) }
    try settings.change("es_config_set_authorizer", of: .streams) { settings in
      settings.authorizer = try authorizer.map { try ProgramAuthorizer($0) }
    }
  }
}

/// See the header.
@c @implementation
public func es_config_set_run_observer(
  _ config: OpaquePointer!, _ observer: UnsafePointer<es_run_observer>!
) -> es_status {
  reporting {
    let settings: Settings = try Handle.object(config, "config")
    let observer = try observer.map { try es_run_observer(reading: $0) }
    try settings.change("es_config_set_run_observer", of: .runs) { settings in
      settings.runObserver = try observer.map { try ProgramRunObserver($0) }
    }
  }
}
