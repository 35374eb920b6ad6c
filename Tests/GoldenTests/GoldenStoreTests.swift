import Glibc
import Operations
import Origins
import ProofTools
import Repository
import SecretMemory
import SystemPackage
import Testing
import Vocabulary

/// Every later version restores what an earlier one saved.
///
/// A golden store stands for all stores of its version that are out in the world, so `Tests/Golden/v1`
/// is never made again and never changed, whatever becomes of the program. When a test here fails, the
/// program is wrong. A new version of the format gets a folder beside it, made by `Scripts/make-golden`.
@Suite("Golden stores")
struct GoldenStoreTests {
  private let context = RestoringContext(meter: ProgressMeter(), interruption: Interruption())

  @Test(
    "the ledger is as it was noted, and names the snapshots that are expected",
    arguments: GoldenStore.all)
  func ledger(golden: GoldenStore) throws {
    let entries = try golden.view().ledger.entries
    let expected = try golden.expected()
    #expect(entries.last?.sha256.hex == golden.head)
    #expect(entries.map(\.sha256) == expected.map(\.head))
    #expect(entries.map(\.entry.snapshot.text) == expected.map(\.snapshot))
    for (verified, snapshot) in zip(entries, expected) {
      let sources = verified.entry.sources
      #expect(Set(sources.map(\.name.text)) == Set(snapshot.sources.keys))
      #expect(sources.allSatisfy { $0.state == .saved })
    }
  }

  @Test(
    "every object is what the host signed for, and every content reads end to end",
    arguments: GoldenStore.all)
  func verification(golden: GoldenStore) throws {
    let view = try golden.view()
    for snapshot in try [nil] + golden.expected().map({ StoreView.Choice.id($0.snapshot) }) {
      let report = try StoreVerification(
        view, listener: NoListener(), meter: ProgressMeter(), interruption: Interruption()
      ).verify(snapshot, with: golden.everybody())
      #expect(report.problems == [] && report.sealed == [])
      #expect(report.sources.count == 4 && report.objects > 10)
    }
  }

  @Test(
    "every snapshot is restored as it was saved: each file, link, mode, time and row",
    arguments: GoldenStore.all)
  func restore(golden: GoldenStore) async throws {
    for expected in try golden.expected() {
      let folder = try ScratchFolder()
      let view = try golden.view()
      let open = try view.open(view.entry(.id(expected.snapshot)), with: golden.everybody())
      var places: [String: String] = [:]
      var targets: [(source: SourceName, target: RestoreTarget)] = []
      for (record, reader) in open.sources {
        let place = folder.path(of: "\(record.name)" + (record.kind == "sqlite" ? ".db" : ""))
        places[record.name.text] = place
        if record.kind == "postgresql" {
          // Its archive, for a server of the dump's version will not be found for ever.
          var dump: [UInt8] = []
          try reader.stream(record.content) { dump.append($0) }
          try folder.write(dump, to: record.name.text)
        } else {
          targets.append((record.name, .path(FilePath(place))))
        }
      }
      let restore = try await RestoreRun(open, targets)
      let findings = try await restore.apply(listener: NoListener(), context: context)
      let compared = try await DeploymentComparison(open, targets).run(
        listener: NoListener(), context: context)
      #expect((findings + compared).filter { $0.outcome == .bad } == [])
      for (name, source) in expected.sources {
        try compare(source, with: #require(places[name]), called: name)
      }
      #expect(places.count == expected.sources.count)
    }
  }

  private func compare(
    _ source: GoldenStore.Snapshot.Source, with place: String, called name: String
  ) throws {
    let restored = try GoldenStore.describe(source.kind, place)
    let keepsAttributes =
      try #require(StockTool("python3")).run([
        "-c", "import os, sys; os.setxattr(sys.argv[1], 'user.proof', b'1')", place,
      ]).status == 0
    #expect(Set(restored.keys) == Set(source.holds.keys), "\(name)")
    for (path, facts) in source.holds {
      // Some file systems, an older tmpfs for one, have no attributes to restore.
      var expected = keepsAttributes ? facts : facts.without("attributes")
      // Who cannot give files to their owners does not let programs run as other users, either.
      if geteuid() != 0 { expected = expected.runningAsNobodyElse }
      #expect(restored[path] == expected, "\(name): \(path)")
    }
  }

  @Test(
    "one compartment's officer opens it, and the other stays sealed", arguments: GoldenStore.all)
  func sealed(golden: GoldenStore) throws {
    let view = try golden.view()
    for (officer, opened, sealed) in [("officers", "core", "signal"), ("bridge", "signal", "core")]
    {
      let snapshot = try view.open(view.entry(.latest), with: golden.identities(officer))
      #expect(snapshot.compartments.map(\.manifest.compartment.text) == [opened])
      #expect(snapshot.sealed.map(\.text) == [sealed])
    }
  }

  @Test(
    "every object in the store is named by a snapshot, and named to be of its format",
    arguments: GoldenStore.all)
  func objects(golden: GoldenStore) throws {
    let view = try golden.view()
    var needed: Set<String> = []
    for entry in view.ledger.entries {
      needed.formUnion(try view.ledger.needed(at: entry.entry.sequence).objects.keys.map(\.path))
    }
    var found = try ["indexes", "manifests"].flatMap { folder in
      try view.store.list(folder).map { "\(folder)/\($0)" }
    }
    for folder in try view.store.list("packs") {
      found += try view.store.list("packs/\(folder)").map { "packs/\(folder)/\($0)" }
    }
    #expect(Set(found) == needed)
    #expect(view.ledger.store.format == 1)
  }
}

extension JSONValue {
  /// An object without one of its keys.
  fileprivate func without(_ key: String) -> JSONValue {
    guard case .object(var object) = self else { return self }
    object[key] = nil
    return .object(object)
  }

  /// The facts of a file without the bits that make a program run as its owner or group.
  fileprivate var runningAsNobodyElse: JSONValue {
    guard case .object(var object) = self, case .text(let mode) = object["mode"],
      let bits = Int(mode, radix: 8)
    else { return self }
    let text = String(bits & ~0o6000, radix: 8)
    object["mode"] = .text(String(repeating: "0", count: 4 - text.count) + text)
    return .object(object)
  }
}
