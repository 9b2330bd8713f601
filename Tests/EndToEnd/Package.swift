// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "EndToEnd",
  platforms: [.macOS(.v15)],
  traits: [.trait(name: "Stacks", description: "the programs over NIO and Hummingbird, whose packages are downloaded")],
  dependencies: [
    // With the traits of the check `nio`, whose build is used.
    .package(
      name: "eventsource-kit", path: "../..",
      traits: [
        .trait(name: "AsyncHTTPClient", condition: .when(traits: ["Stacks"])),
        .trait(name: "HTTPTypes", condition: .when(traits: ["Stacks"])),
        .trait(name: "NIO", condition: .when(traits: ["Stacks"])),
        .trait(name: "Hummingbird", condition: .when(traits: ["Stacks"])),
        .trait(name: "Observability", condition: .when(traits: ["Stacks"])),
        .trait(name: "ServiceLifecycle", condition: .when(traits: ["Stacks"])),
      ]),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.83.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.29.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.6.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.6.0"),
  ],
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
        "CEvhttp", "StackServer",
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
        "StackServer",
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
    .target(
      name: "StackServer",
      dependencies: [
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceNIO", package: "eventsource-kit", condition: .when(traits: ["Stacks"])),
        .product(name: "EventSourceHummingbird", package: "eventsource-kit", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Stacks"])),
        .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Stacks"])),
        .product(name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Stacks"])),
        .product(name: "HummingbirdHTTP2", package: "hummingbird", condition: .when(traits: ["Stacks"])),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Stacks"])),
        .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Stacks"])),
      ]
    ),
    .executableTarget(
      name: "NewsServer",
      dependencies: [
        "StackServer",
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceZlib", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "RunServer",
      dependencies: [
        "CEvhttp",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceLibevent", package: "eventsource-kit"),
        .product(name: "EventSourceRedis", package: "eventsource-kit"),
        .product(name: "EventSourceSQLite", package: "eventsource-kit"),
      ]
    ),
    .executableTarget(
      name: "ClientCycles",
      dependencies: [.product(name: "EventSourceClient", package: "eventsource-kit")]
    ),
  ]
)
