// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "DurableHistory",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "eventsource-kit", path: "../..")],
  targets: [
    .executableTarget(
      name: "DurableHistory",
      dependencies: [
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "EventSourceSQLite", package: "eventsource-kit"),
      ]
    )
  ]
)
