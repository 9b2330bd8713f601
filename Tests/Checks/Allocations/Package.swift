// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "allocations",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../../..")],
  targets: [
    .executableTarget(
      name: "allocations",
      dependencies: [
        "CountedMalloc",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
      ]
    ),
    .target(name: "CountedMalloc"),
  ]
)
