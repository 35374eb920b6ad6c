import ProofTools
import SecretMemory
import Signatures
import Testing
import Vocabulary

@testable import Repository

@Suite("A manifest and the ledger entry that vouches for it")
struct ManifestTests {
  private static let key = SigningKey.generate().verifyingKey.keyID
  private static let snapshot = SnapshotID(startedAt: .now())

  private func name(_ text: String) throws -> CompartmentName {
    try #require(CompartmentName(text))
  }

  private func manifest(
    store: String = "store", host: String = key.description, snapshot: SnapshotID = snapshot,
    sources: [(String, String)]
  ) throws -> Manifest {
    let digest = SHA256Hasher.digest(of: [])
    return Manifest(
      store: store, host: host, snapshot: snapshot, compartment: try name("core"), chunkIDKey: "",
      started: .now(),
      sources: try sources.map { source, kind in
        SourceRecord(
          name: try #require(SourceName(source)), kind: kind, profile: nil, origin: "",
          saved: .now(),
          content: Content(reference: .empty, size: 0, sha256: digest), bytes: 0, files: 0,
          facts: .null)
      })
  }

  private func entry() throws -> LedgerEntry {
    let states: [(String, String, SourceSummary.State)] = [
      ("whole", "core", .saved), ("torn", "core", .partly), ("broken", "core", .failed),
      ("idle", "core", .skipped), ("other", "bridge", .saved),
    ]
    return LedgerEntry(
      store: "store", host: Self.key, hostname: "proof", sequence: .first, previous: nil,
      snapshot: Self.snapshot, started: .now(), finished: .now(),
      sources: try states.map { source, compartment, state in
        SourceSummary(
          name: try #require(SourceName(source)), compartment: try name(compartment), kind: "files",
          state: state, bytes: 0, files: 0)
      }, compartments: nil, added: [], unneeded: [], needed: NeededSet().summary)
  }

  private static let saved = [("torn", "files"), ("whole", "files")]

  @Test("that agree are taken")
  func agreement() throws {
    try manifest(sources: Self.saved).check(against: entry())
    try manifest(sources: Self.saved.reversed()).check(against: entry())
  }

  @Test(
    "that name other sources contradict each other",
    arguments: [
      [], [("whole", "files")], saved + [("broken", "files")], saved + [("other", "files")],
      saved + [("whole", "files")], [("torn", "files"), ("whole", "sqlite")],
      [("torn", "files"), ("whale", "files")],
    ])
  func otherSources(sources: [(String, String)]) throws {
    let (manifest, entry) = (try manifest(sources: sources), try entry())
    let error = refusal { try manifest.check(against: entry) }
    #expect(error?.code == "manifest.damaged" && error?.status == .mismatch)
    #expect(error?.message.contains("manifests/\(Self.snapshot).core.age") == true)
  }

  @Test("of another host, store or snapshot contradict each other")
  func otherPlaces() throws {
    let entry = try entry()
    let others = [
      try manifest(store: "another", sources: Self.saved),
      try manifest(host: "0123456789ABCDEF", sources: Self.saved),
      try manifest(snapshot: SnapshotID(startedAt: .now()), sources: Self.saved),
    ]
    for manifest in others {
      #expect(refusal { try manifest.check(against: entry) }?.code == "manifest.damaged")
    }
  }
}
