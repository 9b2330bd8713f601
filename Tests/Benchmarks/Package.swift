// swift-tools-version: 6.3
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "benchmarks",
  platforms: [.macOS(.v15)],
  traits: [.trait(name: "Stacks", description: "bench-server over NIO and Hummingbird, whose packages are downloaded")],
  dependencies: [
    .package(
      name: "eventsource-kit", path: "../..",
      traits: [
        .trait(name: "AsyncHTTPClient", condition: .when(traits: ["Stacks"])),
        .trait(name: "HTTPTypes", condition: .when(traits: ["Stacks"])),
        .trait(name: "NIO", condition: .when(traits: ["Stacks"])),
        .trait(name: "Hummingbird", condition: .when(traits: ["Stacks"])),
      ]),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.83.0"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.36.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
  ],
  targets: [
    .executableTarget(
      name: "bench-server",
      dependencies: [
        "BenchSupport", "CEvhttp",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "EventSourceLibevent", package: "eventsource-kit"),
        .product(name: "EventSourceZlib", package: "eventsource-kit"),
        .product(name: "EventSourceRedis", package: "eventsource-kit"),
        .product(name: "EventSourceNIO", package: "eventsource-kit", condition: .when(traits: ["Stacks"])),
        .product(name: "EventSourceHummingbird", package: "eventsource-kit", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Stacks"])),
        .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["Stacks"])),
        .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Stacks"])),
      ],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "bench-client",
      dependencies: [
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceClient", package: "eventsource-kit"),
      ],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "bench-parse",
      dependencies: [.product(name: "EventSourceFormat", package: "eventsource-kit")],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "bench-micro",
      dependencies: [
        "CountedMalloc",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
      ],
      swiftSettings: settings
    ),
    .executableTarget(
      name: "bench-publish",
      dependencies: [
        "BenchSupport",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
      ],
      swiftSettings: settings
    ),
    .target(name: "BenchSupport", swiftSettings: settings),
    .target(name: "CountedMalloc"),
    .systemLibrary(name: "CEvhttp", pkgConfig: "libevent", providers: [.apt(["libevent-dev"])]),
  ]
)
