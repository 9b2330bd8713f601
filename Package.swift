// swift-tools-version: 6.3
import PackageDescription

/// Settings of every target: imports are internal unless stated otherwise, a member is visible only if its own module
/// is imported, and existential types must be written with `any`.
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

var package = Package(
  name: "eventsource-kit",
  platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
  products: [
    .library(name: "EventSourceFormat", targets: ["EventSourceFormat"]),
    .library(name: "EventSourceServer", targets: ["EventSourceServer"]),
    .library(name: "EventSourceClient", targets: ["EventSourceClient"]),
    .library(name: "EventSourceAsyncHTTPClient", targets: ["EventSourceAsyncHTTPClient"]),
    .library(name: "EventSourceHTTPTypes", targets: ["EventSourceHTTPTypes"]),
    .library(name: "EventSourceTesting", targets: ["EventSourceTesting"]),
  ],
  traits: [
    .trait(name: "AsyncHTTPClient", description: "EventSourceAsyncHTTPClient: the client over AsyncHTTPClient"),
    .trait(name: "HTTPTypes", description: "EventSourceHTTPTypes: requests and heads of swift-http-types"),
    .trait(name: "NIO", description: "EventSourceNIO: event streams in a server on SwiftNIO"),
    .trait(name: "Hummingbird", description: "EventSourceHummingbird: event streams in a Hummingbird application"),
    .trait(name: "Observability", description: "EventSourceObservability: swift-log, swift-metrics and tracing"),
    .trait(name: "ServiceLifecycle", description: "EventSourceServiceLifecycle: the hub and its servers as services"),
  ],
  // Fetched only if the trait is enabled. A condition on the trait guards every use.
  dependencies: [
    .package(url: "https://github.com/swift-server/async-http-client.git", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.83.0"),
    .package(url: "https://github.com/apple/swift-nio-extras.git", from: "1.26.0"),
    .package(url: "https://github.com/apple/swift-http-types.git", from: "1.3.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.0"),
    .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.36.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.29.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-metrics.git", from: "2.5.0"),
    .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.6.0"),
  ],
  targets: [
    .target(name: "EventSourceFormat", swiftSettings: settings),
    .target(name: "EventSourceServer", dependencies: ["EventSourceFormat"], swiftSettings: settings),
    .target(
      name: "EventSourceClient",
      dependencies: [
        "EventSourceFormat", .target(name: "CEventSourceCurl", condition: .when(platforms: [.linux])),
      ],
      swiftSettings: settings
    ),
    .target(name: "CEventSourceCurl"),
    .target(
      name: "EventSourceTesting",
      dependencies: ["EventSourceServer", "EventSourceFormat"],
      swiftSettings: settings
    ),
    .target(
      name: "EventSourceAsyncHTTPClient",
      dependencies: [
        "EventSourceClient",
        .product(
          name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(
          name: "NIOHTTPCompression", package: "swift-nio-extras", condition: .when(traits: ["AsyncHTTPClient"])),
      ],
      path: "Integrations/AsyncHTTPClient/Sources/EventSourceAsyncHTTPClient", swiftSettings: settings),
    .target(
      name: "EventSourceHTTPTypes",
      dependencies: [
        "EventSourceClient",
        .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["HTTPTypes"])),
      ],
      path: "Integrations/HTTPTypes/Sources/EventSourceHTTPTypes", swiftSettings: settings),
    .testTarget(
      name: "EventSourceFormatTests",
      dependencies: ["EventSourceFormat"],
      resources: [.copy("Conformance")],
      swiftSettings: settings
    ),
    .testTarget(
      name: "EventSourceServerTests",
      dependencies: ["EventSourceServer", "EventSourceTesting", "EventSourceFormat", "EventSourceZlib", "CZlib"],
      swiftSettings: settings
    ),
  ],
  swiftLanguageModes: [.v6]
)

// Only a build of this product needs SQLite's headers.
package.products.append(.library(name: "EventSourceSQLite", targets: ["EventSourceSQLite"]))
package.targets += [
  .systemLibrary(
    name: "CSQLite", path: "Integrations/SQLite/Sources/CSQLite", pkgConfig: "sqlite3",
    providers: [.apt(["libsqlite3-dev"])]),
  .target(
    name: "EventSourceSQLite", dependencies: ["CSQLite", "EventSourceServer", "EventSourceFormat"],
    path: "Integrations/SQLite/Sources/EventSourceSQLite", swiftSettings: settings),
  // The program that the tests kill, limit, or run as a second process.
  .executableTarget(
    name: "HistoryProgram", dependencies: ["EventSourceSQLite", "EventSourceServer", "EventSourceFormat"],
    path: "Integrations/SQLite/Tests/HistoryProgram", swiftSettings: settings),
  .testTarget(
    name: "EventSourceSQLiteTests",
    dependencies: [
      "EventSourceSQLite", "EventSourceServer", "EventSourceTesting", "EventSourceFormat", "CSQLite", "HistoryProgram",
    ],
    path: "Integrations/SQLite/Tests/EventSourceSQLiteTests", swiftSettings: settings),
]

// Only a build of this product or of `EventSourceC` needs zlib's headers.
package.products.append(.library(name: "EventSourceZlib", targets: ["EventSourceZlib"]))
package.targets += [
  .systemLibrary(
    name: "CZlib", path: "Integrations/Zlib/Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
  .target(
    name: "EventSourceZlib", dependencies: ["CZlib", "EventSourceServer"],
    path: "Integrations/Zlib/Sources/EventSourceZlib", swiftSettings: settings),
  .testTarget(
    name: "EventSourceZlibTests", dependencies: ["CZlib", "EventSourceZlib", "EventSourceServer"],
    path: "Integrations/Zlib/Tests/EventSourceZlibTests", swiftSettings: settings),
]

// A separate product, because it needs Foundation's JSON coding. The format and the server do not.
package.products.append(.library(name: "EventSourceJSON", targets: ["EventSourceJSON"]))
#if os(Linux)
  let builtInServer: [Target.Dependency] = ["EventSourceBuiltInServer"]
#else
  let builtInServer: [Target.Dependency] = []
#endif
package.targets += [
  .target(
    name: "EventSourceJSON", dependencies: ["EventSourceServer", "EventSourceFormat"] + builtInServer,
    swiftSettings: settings),
  .testTarget(
    name: "EventSourceJSONTests",
    dependencies: ["EventSourceJSON", "EventSourceServer", "EventSourceFormat"] + builtInServer,
    swiftSettings: settings),
]

// The stacks on which Swift servers run, each guarded by the trait of the same name.
package.products += [
  .library(name: "EventSourceNIO", targets: ["EventSourceNIO"]),
  .library(name: "EventSourceHummingbird", targets: ["EventSourceHummingbird"]),
  .library(name: "EventSourceObservability", targets: ["EventSourceObservability"]),
  .library(name: "EventSourceServiceLifecycle", targets: ["EventSourceServiceLifecycle"]),
]
package.targets += [
  .target(
    name: "EventSourceNIO",
    dependencies: [
      "EventSourceServer",
      .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["NIO", "Hummingbird"])),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["NIO", "Hummingbird"])),
    ],
    path: "Integrations/NIO/Sources/EventSourceNIO", swiftSettings: settings),
  .target(
    name: "EventSourceHummingbird",
    dependencies: [
      "EventSourceServer", "EventSourceNIO",
      .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Hummingbird"])),
      .product(name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOHTTPTypes", package: "swift-nio-extras", condition: .when(traits: ["Hummingbird"])),
      .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["Hummingbird"])),
      .product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Hummingbird"])),
    ],
    path: "Integrations/Hummingbird/Sources/EventSourceHummingbird", swiftSettings: settings),
  .target(
    name: "EventSourceObservability",
    dependencies: [
      "EventSourceServer", "EventSourceClient", "EventSourceFormat",
      .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Observability"])),
      .product(name: "Metrics", package: "swift-metrics", condition: .when(traits: ["Observability"])),
      .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Observability"])),
    ],
    path: "Integrations/Observability/Sources/EventSourceObservability", swiftSettings: settings),
  .target(
    name: "EventSourceServiceLifecycle",
    dependencies: [
      "EventSourceServer", "EventSourceClient",
      .product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["ServiceLifecycle"])),
    ] + builtInServer,
    path: "Integrations/ServiceLifecycle/Sources/EventSourceServiceLifecycle", swiftSettings: settings),
  // The HTTP/2 side of the tests' clients.
  .target(
    name: "HTTP2Gateway",
    dependencies: [
      .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Hummingbird"])),
    ],
    path: "Integrations/NIO/Tests/HTTP2Gateway", swiftSettings: settings),
  .testTarget(
    name: "EventSourceNIOTests",
    dependencies: [
      "EventSourceNIO", "HTTP2Gateway", "EventSourceServer", "EventSourceTesting",
      .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["NIO"])),
      .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["NIO"])),
      .product(name: "NIOEmbedded", package: "swift-nio", condition: .when(traits: ["NIO"])),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["NIO"])),
      .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["Hummingbird"])),
    ],
    path: "Integrations/NIO/Tests/EventSourceNIOTests", swiftSettings: settings),
  .testTarget(
    name: "EventSourceHummingbirdTests",
    dependencies: [
      "EventSourceHummingbird", "EventSourceNIO", "HTTP2Gateway", "EventSourceServer", "EventSourceTesting",
      .product(name: "Hummingbird", package: "hummingbird", condition: .when(traits: ["Hummingbird"])),
      .product(name: "HummingbirdTesting", package: "hummingbird", condition: .when(traits: ["Hummingbird"])),
      .product(name: "HummingbirdHTTP2", package: "hummingbird", condition: .when(traits: ["Hummingbird"])),
      .product(name: "HummingbirdCore", package: "hummingbird", condition: .when(traits: ["Hummingbird"])),
      .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["Hummingbird"])),
      .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Hummingbird"])),
      .product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOPosix", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOHTTP1", package: "swift-nio", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOHTTP2", package: "swift-nio-http2", condition: .when(traits: ["Hummingbird"])),
      .product(name: "NIOSSL", package: "swift-nio-ssl", condition: .when(traits: ["Hummingbird"])),
    ],
    path: "Integrations/Hummingbird/Tests/EventSourceHummingbirdTests", swiftSettings: settings),
  .testTarget(
    name: "EventSourceObservabilityTests",
    dependencies: [
      "EventSourceObservability", "EventSourceClient", "EventSourceServer", "EventSourceTesting", "EventSourceFormat",
      .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Observability"])),
      .product(name: "Metrics", package: "swift-metrics", condition: .when(traits: ["Observability"])),
      .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["Observability"])),
      .product(name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Observability"])),
      .product(
        name: "InMemoryTracing", package: "swift-distributed-tracing", condition: .when(traits: ["Observability"])),
    ] + builtInServer,
    path: "Integrations/Observability/Tests/EventSourceObservabilityTests", swiftSettings: settings),
  .testTarget(
    name: "EventSourceServiceLifecycleTests",
    dependencies: [
      "EventSourceServiceLifecycle", "EventSourceClient", "EventSourceServer", "EventSourceTesting",
      .product(
        name: "ServiceLifecycle", package: "swift-service-lifecycle", condition: .when(traits: ["ServiceLifecycle"])),
      .product(
        name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle",
        condition: .when(traits: ["ServiceLifecycle"])),
    ] + builtInServer,
    path: "Integrations/ServiceLifecycle/Tests/EventSourceServiceLifecycleTests", swiftSettings: settings),
]

#if os(Linux)
  // Only a build of this product needs libevent's headers.
  package.products.append(.library(name: "EventSourceLibevent", targets: ["EventSourceLibevent"]))
  // Only a build of this product needs hiredis's headers.
  package.products.append(.library(name: "EventSourceRedis", targets: ["EventSourceRedis"]))
  package.targets += [
    // Without pkg-config, one of whose flags would cause a warning in every package that uses this one.
    .systemLibrary(name: "CHiredis", path: "Integrations/Redis/Sources/CHiredis"),
    .target(
      name: "EventSourceRedis", dependencies: ["CHiredis", "EventSourceServer", "EventSourceFormat"],
      path: "Integrations/Redis/Sources/EventSourceRedis", swiftSettings: settings),
    .testTarget(
      name: "EventSourceRedisTests",
      dependencies: ["EventSourceRedis", "EventSourceServer", "EventSourceTesting", "EventSourceFormat"],
      path: "Integrations/Redis/Tests/EventSourceRedisTests", swiftSettings: settings),
  ]

  // For C programs. Integrations/Libevent/install.sh builds linkable libraries from them: without histories, with
  // SQLite, and with Redis.
  package.products += [
    .library(name: "EventSourceC", type: .dynamic, targets: ["EventSourceC"]),
    .library(name: "EventSourceCSQLite", type: .dynamic, targets: ["EventSourceCSQLite"]),
    .library(name: "EventSourceCRedis", type: .dynamic, targets: ["EventSourceCRedis"]),
  ]
  package.targets += [
    .systemLibrary(name: "CEventSource", path: "Integrations/Libevent/Sources/CEventSource"),
    .target(
      name: "EventSourceC",
      dependencies: [
        "CEventSource", "CLibevent", "EventSourceLibevent", "EventSourceServer", "EventSourceFormat", "EventSourceZlib",
      ],
      path: "Integrations/Libevent/Sources/EventSourceC", swiftSettings: settings),
    .target(
      name: "EventSourceCHistory",
      dependencies: ["CEventSource", "EventSourceC", "EventSourceServer"],
      path: "Integrations/Libevent/Sources/EventSourceCHistory", swiftSettings: settings),
    .target(
      name: "EventSourceCSQLite",
      dependencies: ["CEventSource", "EventSourceC", "EventSourceCHistory", "EventSourceServer", "EventSourceSQLite"],
      path: "Integrations/Libevent/Sources/EventSourceCSQLite", swiftSettings: settings),
    .target(
      name: "EventSourceCRedis",
      dependencies: ["CEventSource", "EventSourceC", "EventSourceCHistory", "EventSourceServer", "EventSourceRedis"],
      path: "Integrations/Libevent/Sources/EventSourceCRedis", swiftSettings: settings),
    .systemLibrary(
      name: "CLibevent", path: "Integrations/Libevent/Sources/CLibevent", pkgConfig: "libevent",
      providers: [.apt(["libevent-dev"])]),
    .target(
      name: "EventSourceLibevent", dependencies: ["CLibevent", "EventSourceServer"],
      path: "Integrations/Libevent/Sources/EventSourceLibevent", swiftSettings: settings),
    .testTarget(
      name: "EventSourceLibeventTests",
      dependencies: ["EventSourceLibevent", "EventSourceServer", "EventSourceTesting", "EventSourceFormat"],
      path: "Integrations/Libevent/Tests/EventSourceLibeventTests", swiftSettings: settings,
      linkerSettings: [.linkedLibrary("event_pthreads")]),
  ]

  package.products.append(.library(name: "EventSourceBuiltInServer", targets: ["EventSourceBuiltInServer"]))
  package.targets += [
    .target(name: "CEventSourceLinux"),
    .target(
      name: "EventSourceBuiltInServer",
      dependencies: ["EventSourceServer", "CEventSourceLinux"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "EventSourceBuiltInServerTests",
      dependencies: ["EventSourceBuiltInServer", "EventSourceServer", "EventSourceTesting", "EventSourceFormat"],
      swiftSettings: settings
    ),
    .testTarget(
      name: "EventSourceClientTests",
      dependencies: [
        "EventSourceClient", "EventSourceAsyncHTTPClient", "EventSourceHTTPTypes", "EventSourceBuiltInServer",
        "EventSourceServer", "EventSourceFormat",
        .product(name: "HTTPTypes", package: "swift-http-types", condition: .when(traits: ["HTTPTypes"])),
        .product(
          name: "AsyncHTTPClient", package: "async-http-client", condition: .when(traits: ["AsyncHTTPClient"])),
        .product(name: "NIOCore", package: "swift-nio", condition: .when(traits: ["AsyncHTTPClient"])),
      ],
      swiftSettings: settings
    ),
  ]
#endif
