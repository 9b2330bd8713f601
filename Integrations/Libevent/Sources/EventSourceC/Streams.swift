public import CEventSource
import CLibevent
import EventSourceLibevent
import EventSourceServer

// Implements the part "Streams" of the header, which documents the functions.

/// The content of an `es_streams`. The header confines it to the base's thread, which makes it `Sendable`.
final class ProgramStreams: ProgramObject, @unchecked Sendable {
  static let handleMark: UInt64 = 0x6573_2D73_7472_6D73
  static var handleName: StaticString { "es_streams" }

  /// A path for requests from the program's general callback.
  struct Route {
    enum Served {
      /// A path with named segments.
      case events(EventStreamHandler)
      /// The path of a collection.
      case runs(RunHandler)
    }

    var http: OpaquePointer
    var pattern: PathPattern
    var served: Served
  }

  let streams: EvhttpEventStreams
  var routes: [Route] = []

  init(hub: EventHub, base: OpaquePointer) throws { streams = try EvhttpEventStreams(base: base, hub: hub) }

  /// - Throws: `ES_PATH_IN_USE` if the server has such a path already.
  func requireFree(_ http: OpaquePointer, _ pattern: PathPattern, _ path: String) throws {
    guard !routes.contains(where: { $0.http == http && $0.pattern == pattern }) else {
      throw LibeventError.pathInUse(path)
    }
  }
}

/// See the header.
@c @implementation
public func es_streams_create(
  _ hub: OpaquePointer!, _ base: OpaquePointer!, _ streams: UnsafeMutablePointer<OpaquePointer?>!
) -> es_status {
  reporting {
    let hub: EventHub = try Handle.object(hub, "hub")
    let base = try required(base, "base")
    try required(streams, "streams").pointee = Handle.make(ProgramStreams(hub: hub, base: base))
  }
}

/// See the header.
@c @implementation
public func es_streams_free(_ streams: OpaquePointer!) {
  (try? Handle.object(streams, "streams", as: ProgramStreams.self))?.streams.close()
  Handle.free(streams, as: ProgramStreams.self)
}

/// See the header.
@c @implementation
public func es_streams_mount(
  _ streams: OpaquePointer!, _ http: OpaquePointer!, _ path: UnsafePointer<CChar>!, _ config: OpaquePointer!
) -> es_status {
  reporting {
    let streams: ProgramStreams = try Handle.object(streams, "streams")
    let http = try required(http, "http")
    let path = try Text.required(path, "path")
    let pattern = try PathPattern(path)
    let settings: Settings? = try config.map { try Handle.object($0, "config") }
    let handler = try makeHandler(settings, for: streams.streams.hub)
    if path.contains("{") {
      try handler.configuration.validate(mountedAt: pattern)
      try streams.requireFree(http, pattern, path)
      streams.routes.append(ProgramStreams.Route(http: http, pattern: pattern, served: .events(handler)))
    } else {
      try streams.streams.mount(handler, on: http, at: path)
    }
  }
}

private func makeHandler(_ settings: Settings?, for hub: EventHub) throws -> EventStreamHandler {
  guard let settings else { return EventStreamHandler(hub) }
  try settings.require([ES_CONFIG_STREAMS], in: "es_streams_mount")
  if let unused = settings.unusedOfHub.first {
    throw Failure(.invalidValue, "\(unused) is an option of hubs; pass the configuration to es_hub_create first")
  }
  var authorizer = settings.authorizer
  authorizer?.hub = hub
  return EventStreamHandler(hub, configuration: settings.streams, authorizer: authorizer)
}

/// See the header.
@c @implementation
public func es_streams_serve(_ streams: OpaquePointer!, _ request: OpaquePointer!) -> es_status {
  reporting {
    let streams: ProgramStreams = try Handle.object(streams, "streams")
    let request = try required(request, "request")
    for route in streams.routes {
      switch route.served {
      case .events(let handler): if streams.streams.serve(request, with: handler, at: route.pattern) { return }
      case .runs(let handler): if streams.streams.serve(request, with: handler, at: route.pattern) { return }
      }
    }
    throw Failure(.noRoute, "no mounted path with named segments or of runs matches the request")
  }
}

/// See the header.
@c @implementation
public func es_streams_unmount(_ streams: OpaquePointer!, _ http: OpaquePointer!) -> es_status {
  reporting {
    let streams: ProgramStreams = try Handle.object(streams, "streams")
    let http = try required(http, "http")
    streams.streams.unmount(from: http)
    streams.routes.removeAll { $0.http == http }
  }
}

/// See the header.
@c @implementation
public func es_streams_reader_count(_ streams: OpaquePointer!) -> Int {
  (try? Handle.object(streams, "streams", as: ProgramStreams.self))?.streams.readerCount ?? 0
}

/// See the header.
@c @implementation
public func es_streams_drain(
  _ streams: OpaquePointer!, _ window_ms: Int64, _ drained: (@convention(c) (UnsafeMutableRawPointer?) -> Void)!,
  _ context: UnsafeMutableRawPointer!
) -> es_status {
  reporting {
    let streams: ProgramStreams = try Handle.object(streams, "streams")
    guard window_ms >= 0 else { throw Failure(.invalidValue, "streams cannot be drained over \(window_ms) ms") }
    streams.streams.drain(over: .milliseconds(window_ms)) { drained?(context) }
  }
}
