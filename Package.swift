// swift-tools-version: 6.2
// The plan of the house. Read it from the bottom of the stack up: a target may only use what it
// names, and names only what stands above it in this file.
import PackageDescription

let houseRules: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

/// A C library, reached through a module map and nothing else.
///
/// One room uses it.
func doorway(_ name: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/C/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// The part of libc that Swift's Glibc module does not show; nothing to install.
func doorway(_ name: String) -> Target {
  .systemLibrary(name: name, path: "Sources/C/\(name)")
}

/// A library with one reason to change.
func room(_ name: String, uses: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: uses, swiftSettings: houseRules)
}

/// A command-line program: one file a verb.
func tool(_ name: String, uses: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: uses, path: "Sources/Tools/\(name)", swiftSettings: houseRules)
}

/// A program for a strange machine, linked to nothing but the C and C++ runtime and the libraries of
/// its doorways.
func rescueTool(_ name: String, uses: [Target.Dependency]) -> Target {
  // What -static-stdlib leaves to the linker to find.
  let parts = ["_FoundationCShims", "_FoundationCollections", "swiftSynchronization"]
  return .executableTarget(
    name: name, dependencies: uses, path: "Sources/Tools/\(name)", swiftSettings: houseRules,
    linkerSettings: [.unsafeFlags(["-static-stdlib"])] + parts.map { .linkedLibrary($0) })
}

/// The proofs of one room.
func proofs(of room: String, uses: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(room)Tests", dependencies: [.target(name: room)] + uses, swiftSettings: houseRules)
}

/// The proofs of the tools, run as programs.
///
/// That they are built is all that is wanted of them here. Rescue tools are not named, for the proofs
/// would be linked as they are; `swift build --build-tests` builds them all the same.
func sessions(with tools: [Target.Dependency]) -> Target {
  .testTarget(
    name: "ToolSessionTests",
    dependencies: tools + [
      "Vocabulary", "Signatures", "Repository", "StoreWire", "Stores", "Keeping", "Retention",
      "PostgreSQL", "SecretMemory", "ProofTools", subprocess, systemPackage,
    ],
    swiftSettings: houseRules)
}

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let systemPackage: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "coffer",
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    doorway("CLinux"),
    doorway("CSodium", pkgConfig: "libsodium", apt: "libsodium-dev"),
    doorway("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
    doorway("CZstd", pkgConfig: "libzstd", apt: "libzstd-dev"),
    doorway("CISAL", pkgConfig: "libisal", apt: "libisal-dev"),
    doorway("CPostgres", pkgConfig: "libpq", apt: "libpq-dev"),
    doorway("CTSS2", pkgConfig: "tss2-esys", apt: "libtss2-dev"),
    doorway("CCryptsetup", pkgConfig: "libcryptsetup", apt: "libcryptsetup-dev"),

    // What everything else is said in.
    room("Vocabulary", uses: [deque]),
    room("SecretMemory", uses: ["Vocabulary", "CSodium", "COpenSSL"]),
    room("LocalFiles", uses: ["Vocabulary", "SecretMemory", systemPackage]),
    room("FileTrees", uses: ["CLinux", "Vocabulary", systemPackage]),
    room("ChildPrograms", uses: [systemPackage]),

    // Encryption and signatures that stock tools read.
    room("AgeFormat", uses: ["Vocabulary", "SecretMemory"]),
    room(
      "AgePlugins",
      uses: ["Vocabulary", "SecretMemory", "ChildPrograms", "AgeFormat", systemPackage]),
    room("Recipients", uses: ["Vocabulary", "SecretMemory", "AgeFormat", "AgePlugins", crypto]),
    room("Signatures", uses: ["Vocabulary", "SecretMemory"]),

    // The store.
    room("Compression", uses: ["Vocabulary", "SecretMemory", "CZstd"]),
    room(
      "Repository",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "AgeFormat", "Signatures", "Compression",
        deque, systemPackage,
      ]),
    room("StoreWire", uses: ["Vocabulary", "SecretMemory", "Repository", systemPackage]),
    room(
      "Stores",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "FileTrees", "ChildPrograms", "Repository",
        "StoreWire", systemPackage,
      ]),
    room(
      "Catalog",
      uses: ["Vocabulary", "SecretMemory", "LocalFiles", "Repository", grdb, systemPackage]),

    // What the keeper remembers, who holds no key.
    room(
      "Keeping",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "Signatures", "Repository", systemPackage,
      ]),
    room(
      "Retention",
      uses: [
        "Vocabulary", "LocalFiles", "Signatures", "Repository", "Stores", "Keeping", systemPackage,
      ]),

    room("Parity", uses: ["Vocabulary", "SecretMemory", "Repository", "CISAL"]),
    room("Scrubbing", uses: ["Vocabulary", "Signatures", "Repository", "Keeping", "Parity"]),

    // What is to be said of a store and its keeping.
    room(
      "Surveying",
      uses: [
        "Vocabulary", "LocalFiles", "Signatures", "Repository", "Keeping", "Scrubbing",
        systemPackage,
      ]),

    // What carries a store across an air gap.
    room(
      "Volumes",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "FileTrees", "Signatures", "Repository",
        "Stores", "Keeping", "Parity", systemPackage,
      ]),

    // What a keeper lets a host do from afar.
    room(
      "Receiving",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "Repository", "StoreWire", "Stores", "Keeping",
        systemPackage,
      ]),

    // What is backed up.
    room("Configuration", uses: ["Vocabulary", yams, systemPackage]),
    room(
      "PostgreSQL", uses: ["Vocabulary", "SecretMemory", "CPostgres", subprocess, systemPackage]),
    room("SQLiteDatabases", uses: ["Vocabulary", systemPackage, grdb]),
    room(
      "Origins",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "Configuration", "Repository", "Catalog",
        "PostgreSQL", "FileTrees", "SQLiteDatabases", deque, systemPackage,
      ]),

    // What keys are bound to, and who may open what.
    room(
      "TrustedHardware",
      uses: ["Vocabulary", "SecretMemory", "LocalFiles", "CTSS2", "CCryptsetup", systemPackage]),
    room("MeasuredBoot", uses: ["Vocabulary", "SecretMemory", "TrustedHardware", systemPackage]),
    room(
      "SealedSecrets",
      uses: ["Vocabulary", "SecretMemory", "LocalFiles", "TrustedHardware", systemPackage]),
    room(
      "CustodyRecords",
      uses: ["Vocabulary", "SecretMemory", "Signatures", "LocalFiles", systemPackage]),
    // Who may open what is stored already.
    room(
      "Rewrapping",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "AgeFormat", "Recipients", "Signatures",
        "Repository", "Stores", systemPackage,
      ]),
    room(
      "Custody",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "AgeFormat", "Recipients", "TrustedHardware",
        "MeasuredBoot", "CustodyRecords", systemPackage,
      ]),

    // Files, one at a time.
    room(
      "FileEncryption",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "AgeFormat", "Recipients", systemPackage,
      ]),
    room(
      "OperatorConsole",
      uses: ["Vocabulary", "SecretMemory", "AgeFormat", argumentParser, systemPackage]),

    // The runs, and who asks for them.
    room(
      "Operations",
      uses: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "Signatures", "LocalFiles",
        "Configuration", "FileTrees", "Repository", "Stores", "Catalog", "Origins", "PostgreSQL",
        systemPackage,
      ]),

    room(
      "RunNarration",
      uses: ["Vocabulary", "Repository", "Origins", "Operations", "OperatorConsole"]),

    rescueTool(
      "coffer-age",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "AgeFormat", "Recipients", "FileEncryption",
        "OperatorConsole", argumentParser, systemPackage,
      ]),
    rescueTool(
      "age-plugin-pq",
      uses: [
        "Vocabulary", "SecretMemory", "AgePlugins", "Recipients", "FileEncryption",
        "OperatorConsole", argumentParser,
      ]),
    tool(
      "coffer-backup",
      uses: [
        "Vocabulary", "SecretMemory", "LocalFiles", "Configuration", "Repository",
        "TrustedHardware", "SealedSecrets", "Operations", "OperatorConsole", "RunNarration",
        "Origins", argumentParser, systemPackage,
      ]),
    tool(
      "coffer-restore",
      uses: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "Signatures", "LocalFiles",
        "Configuration", "Repository", "Operations", "OperatorConsole", "RunNarration", "Origins",
        argumentParser, systemPackage,
      ]),
    tool(
      "coffer-custody",
      uses: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "Signatures", "LocalFiles",
        "FileEncryption", "TrustedHardware", "MeasuredBoot", "SealedSecrets", "CustodyRecords",
        "Custody", "Repository", "Rewrapping", "OperatorConsole", argumentParser, systemPackage,
      ]),

    tool(
      "coffer-store",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "LocalFiles", "Repository", "StoreWire",
        "Stores", "Keeping", "Scrubbing", "Surveying", "Retention", "Receiving", "Volumes",
        "OperatorConsole", argumentParser, systemPackage,
      ]),

    // Measures what no tool shows alone; `Scripts/bench index` runs it.
    .executableTarget(
      name: "benchmark-chunk-table",
      dependencies: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "Signatures", "Repository",
        "LocalFiles", "Stores", "Keeping", "Catalog", systemPackage,
      ],
      path: "Tests/Benchmarks", swiftSettings: houseRules),

    // The proofs, and what they share: scratch folders, stock programs, vectors, seeded chance.
    .target(
      name: "ProofTools", dependencies: ["Vocabulary", "SecretMemory", "AgeFormat"],
      path: "Tests/ProofTools",
      swiftSettings: houseRules),
    proofs(of: "Vocabulary"),
    proofs(of: "SecretMemory", uses: ["Vocabulary"]),
    proofs(of: "AgeFormat", uses: ["SecretMemory", "Recipients", "Vocabulary", "ProofTools"]),
    proofs(of: "Recipients", uses: ["SecretMemory", "AgeFormat", "Vocabulary", "ProofTools"]),
    proofs(of: "Signatures", uses: ["SecretMemory", "ProofTools"]),
    proofs(of: "PostgreSQL", uses: ["Vocabulary", "SecretMemory", subprocess, systemPackage]),
    proofs(of: "FileTrees", uses: ["Vocabulary", systemPackage]),
    proofs(of: "SQLiteDatabases", uses: ["Vocabulary", systemPackage, grdb]),
    proofs(
      of: "Repository",
      uses: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "Signatures", "Stores", "Catalog",
        "ProofTools", systemPackage,
      ]),
    proofs(
      of: "Stores",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "Repository", "StoreWire", "Receiving",
        "ProofTools", systemPackage,
      ]),
    proofs(
      of: "Receiving",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "Repository", "StoreWire", "Stores",
        "ProofTools", systemPackage,
      ]),
    proofs(
      of: "Keeping",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "Repository", "Stores", "ProofTools",
        systemPackage,
      ]),
    proofs(
      of: "Retention",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "Repository", "Stores", "Keeping",
        "ProofTools", systemPackage,
      ]),
    proofs(
      of: "Parity",
      uses: [
        "Vocabulary", "SecretMemory", "Repository", "Stores", "ProofTools", systemPackage,
      ]),
    proofs(
      of: "Scrubbing",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "Repository", "Stores", "Keeping",
        "ProofTools", systemPackage,
      ]),
    proofs(
      of: "Volumes",
      uses: [
        "Vocabulary", "SecretMemory", "Signatures", "Repository", "Stores", "Keeping",
        "ProofTools", systemPackage,
      ]),
    proofs(
      of: "Catalog",
      uses: ["Vocabulary", "SecretMemory", "Repository", "ProofTools", systemPackage]),
    proofs(
      of: "Configuration", uses: ["Vocabulary", "Origins", "ProofTools", systemPackage]),
    proofs(
      of: "LocalFiles", uses: ["Vocabulary", "SecretMemory", "ProofTools", systemPackage]),
    proofs(
      of: "TrustedHardware", uses: ["Vocabulary", "SecretMemory", "ProofTools", systemPackage]),
    proofs(
      of: "MeasuredBoot",
      uses: ["Vocabulary", "TrustedHardware", "SecretMemory", "ProofTools", systemPackage]),
    proofs(
      of: "SealedSecrets",
      uses: ["Vocabulary", "SecretMemory", "TrustedHardware", "ProofTools", systemPackage]),
    proofs(
      of: "CustodyRecords",
      uses: ["Vocabulary", "SecretMemory", "Signatures", "ProofTools", systemPackage]),
    proofs(
      of: "Custody",
      uses: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "TrustedHardware",
        "CustodyRecords", "ProofTools", systemPackage,
      ]),
    .testTarget(
      name: "GoldenTests",
      dependencies: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "Signatures", "Repository",
        "Origins", "Operations", "ProofTools", systemPackage,
      ],
      swiftSettings: houseRules),
    // Crashes, faults and a long life; what is C there is built by the proofs that load it.
    .testTarget(
      name: "EnduranceTests",
      dependencies: [
        "Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "Signatures", "LocalFiles",
        "Configuration", "Repository", "Origins", "Operations", "ProofTools", systemPackage,
        "coffer-backup", "coffer-restore",
      ],
      exclude: ["recorder"], swiftSettings: houseRules),
    sessions(with: ["coffer-backup", "coffer-restore", "coffer-store", "coffer-custody"]),
    // Ours against other implementations of age; what is Python there is not built. The tools are
    // run, but not named: a rescue tool would have the proofs linked as it is.
    .testTarget(
      name: "InteropTests",
      dependencies: ["Vocabulary", "SecretMemory", "AgeFormat", "Recipients", "ProofTools"],
      exclude: ["independent", "programs"], swiftSettings: houseRules),
  ],
  swiftLanguageModes: [.v6]
)
