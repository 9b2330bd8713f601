// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "CommandLine",
  platforms: [.macOS(.v15)],
  products: [.executable(name: "eventsource", targets: ["CommandLineTool"])],
  dependencies: [
    .package(name: "eventsource-kit", path: "../.."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
  ],
  targets: [
    .executableTarget(
      name: "CommandLineTool",
      dependencies: [
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "EventSourceBuiltInServer", package: "eventsource-kit"),
        .product(name: "EventSourceClient", package: "eventsource-kit"),
        .product(name: "EventSourceFormat", package: "eventsource-kit"),
        .product(name: "EventSourceRedis", package: "eventsource-kit"),
        .product(name: "EventSourceSQLite", package: "eventsource-kit"),
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceZlib", package: "eventsource-kit"),
      ]
    )
  ]
)
