// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "EndToEnd",
  dependencies: [.package(name: "eventsource-kit", path: "../..")],
  targets: [
    .systemLibrary(name: "CEvhttp", pkgConfig: "libevent", providers: [.apt(["libevent-dev"])]),
    .executableTarget(
      name: "HistoryServer",
      dependencies: [
        "RunningServers",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceSQLite", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "ClusterServer",
      dependencies: [
        "RunningServers",
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceRedis", package: "eventsource-kit"),
      ]
    ),
    .target(
      name: "RunningServers",
      dependencies: [
        "CEvhttp",
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "EventSourceLibevent", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "HostileServer",
      dependencies: [
        "CEvhttp",
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "EventSourceLibevent", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "ManyChannels",
      dependencies: [
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "ProxiedServer",
      dependencies: [
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "EventSourceSQLite", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "RunServer",
      dependencies: [
        "CEvhttp",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceLibevent", package: "eventsource-kit"),
        .product(name: "EventSourceSQLite", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "ClientCycles",
      dependencies: [.product(name: "EventSourceClient", package: "eventsource-kit")]
    ),
  ]
)
