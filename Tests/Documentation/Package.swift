// swift-tools-version: 6.3
import PackageDescription

// Builds the documentation of the package, so that the package's own manifest needs no dependency for it.
let products = [
  "EventSourceFormat", "EventSourceServer", "EventSourceBuiltInServer", "EventSourceJSON", "EventSourceClient",
  "EventSourceTesting", "EventSourceLibevent", "EventSourceSQLite", "EventSourceRedis",
  "EventSourceZlib",
]

let package = Package(
  name: "documentation",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(name: "eventsource-kit", path: "../.."),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin.git", from: "1.5.0"),
  ],
  targets: [
    .target(name: "Documentation", dependencies: products.map { .product(name: $0, package: "eventsource-kit") })
  ]
)
