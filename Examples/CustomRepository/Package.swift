// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "CustomRepository",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../..")],
  targets: [
    .executableTarget(
      name: "CustomRepository",
      dependencies: [
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
      ]
    ),
    .testTarget(
      name: "CustomRepositoryTests",
      dependencies: [
        "CustomRepository",
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceTesting", package: "eventsource-kit"),
      ]
    ),
  ]
)
