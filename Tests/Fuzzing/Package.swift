// swift-tools-version: 6.2
// The readers of age files under libFuzzer: a package of its own, so that nothing of it touches the
// house. Its rooms are the house's, linked to; `Scripts/fuzz` builds and runs it.
import PackageDescription

let houseRules: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

func room(_ name: String, uses: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: uses, swiftSettings: houseRules)
}

let package = Package(
  name: "coffer-fuzzing",
  dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")],
  targets: [
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    room("Vocabulary", uses: [.product(name: "DequeModule", package: "swift-collections")]),
    room("SecretMemory", uses: ["Vocabulary", "CSodium", "COpenSSL"]),
    room("AgeFormat", uses: ["Vocabulary", "SecretMemory"]),
    .executableTarget(
      name: "age-fuzzer", dependencies: ["SecretMemory", "AgeFormat"], swiftSettings: houseRules),
  ],
  swiftLanguageModes: [.v6]
)
