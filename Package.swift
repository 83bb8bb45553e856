// swift-tools-version:6.2
import CompilerPluginSupport
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "relier",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Relier", targets: ["Relier"]),
        .library(name: "RelierSQLite", targets: ["RelierSQLite"]),
        .library(name: "RelierRedis", targets: ["RelierRedis"]),
        .library(name: "RelierCommand", targets: ["RelierCommand"]),
        .library(name: "RelierHummingbird", targets: ["RelierHummingbird"]),
        .library(name: "RelierTesting", targets: ["RelierTesting"]),
        .executable(name: "rl", targets: ["rl"]),
    ],
    traits: [
        .trait(name: "Macros", description: "@RelierTask. Without it nothing needs swift-syntax."),
        .trait(name: "Redis", description: "Addresses of servers for RelierCommand. Without it commands need no SwiftNIO."),
        .default(enabledTraits: ["Macros", "Redis"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.0.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.3.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.65.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.27.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.10.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.24.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/swiftlang/swift-syntax", from: "603.0.0"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        .target(name: "RelierCron", swiftSettings: settings),
        .target(
            name: "Relier",
            dependencies: [
                "CZlib", "RelierCron",
                .target(name: "RelierMacros", condition: .when(traits: ["Macros"])),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .macro(
            name: "RelierMacros",
            dependencies: [
                "RelierCron",
                .product(name: "SwiftCompilerPlugin", package: "swift-syntax"),
                .product(name: "SwiftDiagnostics", package: "swift-syntax"),
                .product(name: "SwiftSyntax", package: "swift-syntax"),
                .product(name: "SwiftSyntaxBuilder", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacros", package: "swift-syntax"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "RelierSQLite",
            dependencies: [
                "Relier",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "RESP",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "RelierRedis",
            dependencies: [
                "RESP", "Relier",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            resources: [.embedInCode("Scripts")],
            swiftSettings: settings
        ),
        .target(
            name: "RelierCommand",
            dependencies: [
                "Relier", "RelierSQLite",
                .target(name: "RelierRedis", condition: .when(traits: ["Redis"])),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "RelierHummingbird",
            dependencies: [
                "Relier",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "RelierTesting",
            dependencies: ["Relier", "RelierSQLite", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings
        ),
        .executableTarget(name: "rl", dependencies: ["RelierCommand"], swiftSettings: settings),
        .target(
            name: "CookbookLibrary",
            dependencies: [
                "Relier", "RelierSQLite", "RelierRedis", "RelierCommand", "RelierHummingbird",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            path: "Examples/Cookbook/Library",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "cookbook", dependencies: ["CookbookLibrary", "RelierCommand"],
            path: "Examples/Cookbook/Program", swiftSettings: settings
        ),
        .executableTarget(
            name: "quickstart", dependencies: ["Relier", "RelierCommand", "RelierSQLite"],
            path: "Examples/Quickstart", exclude: ["Package.swift.txt"]
        ),
        .executableTarget(
            name: "relier-bench",
            dependencies: [
                "RESP", "Relier", "RelierRedis", "RelierSQLite",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Benchmarks/RelierBench", swiftSettings: settings
        ),
        .target(
            name: "FaultFixtures", dependencies: ["Relier", "RelierSQLite", .product(name: "GRDB", package: "GRDB.swift")],
            path: "Tests/Fixture/Tasks",
            swiftSettings: settings),
        .executableTarget(
            name: "relier-fixture",
            dependencies: ["FaultFixtures", "Relier", "RelierCommand", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Tests/Fixture/Program", swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: [
                "RESP", "Relier", "RelierRedis", "RelierSQLite", "RelierTesting", .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Support", swiftSettings: settings
        ),
        .testTarget(name: "CronTests", dependencies: ["RelierCron"], swiftSettings: settings),
        .testTarget(name: "RelierTests", dependencies: ["Relier"], swiftSettings: settings),
        .testTarget(
            name: "RelierMacrosTests",
            dependencies: [
                "Relier", "RelierMacros",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SwiftDiagnostics", package: "swift-syntax"),
                .product(name: "SwiftParser", package: "swift-syntax"),
                .product(name: "SwiftSyntax", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacroExpansion", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacros", package: "swift-syntax"),
                .product(name: "SwiftSyntaxMacrosGenericTestSupport", package: "swift-syntax"),
            ],
            exclude: ["MainActorDefault"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelierMacrosMainActorTests", dependencies: ["Relier"], path: "Tests/RelierMacrosTests/MainActorDefault",
            swiftSettings: settings + [.defaultIsolation(MainActor.self), .enableUpcomingFeature("NonisolatedNonsendingByDefault")]
        ),
        .testTarget(
            name: "RelierSQLiteTests",
            dependencies: [
                "Relier", "RelierSQLite", .product(name: "GRDB", package: "GRDB.swift"), .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RelierRedisTests",
            dependencies: [
                "RESP", "Relier", "RelierRedis", "RelierTesting", "TestSupport", .product(name: "NIOCore", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["Relier", "RelierSQLite", "RelierTesting", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings
        ),
        .testTarget(
            name: "WorkerTests",
            dependencies: [
                "Relier", "RelierSQLite", "RelierTesting", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RESPTests",
            dependencies: [
                "RESP", "RelierTesting", .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(name: "RelierTestingTests", dependencies: ["Relier", "RelierSQLite", "RelierTesting"], swiftSettings: settings),
        .testTarget(
            name: "RelierCommandTests",
            dependencies: [
                "Relier", "RelierCommand",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CookbookTests",
            dependencies: [
                "CookbookLibrary", "Relier", "RelierSQLite", "RelierTesting", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"), "cookbook",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "FaultTests",
            dependencies: [
                "Relier", "RelierSQLite", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"), "relier-fixture", "rl", "FaultFixtures",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "RedisFaultTests",
            dependencies: [
                "RESP", "Relier", "RelierRedis", "RelierTesting", "TestSupport", .product(name: "Logging", package: "swift-log"),
                "relier-fixture", "FaultFixtures",
            ],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)
