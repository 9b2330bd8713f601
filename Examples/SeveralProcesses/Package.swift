// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "SeveralProcesses",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../..")],
  targets: [
    .executableTarget(
      name: "SeveralProcesses",
      dependencies: [
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "EventSourceRedis", package: "eventsource-kit"),
      ]
    )
  ]
)
