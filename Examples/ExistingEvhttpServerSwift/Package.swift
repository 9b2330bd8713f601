// swift-tools-version: 6.3
import PackageDescription

let package = Package(
  name: "ExistingEvhttpServerSwift",
  dependencies: [.package(name: "eventsource-kit", path: "../..")],
  targets: [
    // The program's own import of libevent, from before the event streams.
    .systemLibrary(name: "CEvhttp", pkgConfig: "libevent", providers: [.apt(["libevent-dev"])]),
    .executableTarget(
      name: "Server",
      dependencies: [
        "CEvhttp",
        .product(name: "EventSourceServer", package: "eventsource-kit"),
        .product(name: "EventSourceLibevent", package: "eventsource-kit"),
      ]
    ),
  ]
)
