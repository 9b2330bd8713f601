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
  dependencies: [.package(name: "eventsource-kit", path: "../..")],
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
