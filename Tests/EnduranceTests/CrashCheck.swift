import AgeFormat
import Foundation
import ProofTools
import Operations
import Repository
import SecretMemory
import Testing
import Vocabulary

/// What must hold of a host after a crash, and after its next night.
struct CrashCheck {
  let host: TinyHost
  /// Where the crashed host lies.
  let root: String
  /// How many entries of the ledger were finished before the crash, whatever was lost.
  let finished: Int
  /// Said where something does not hold.
  let moment: String

  /// Checks the store as it is, then runs a night and checks again.
  func run() async throws {
    do {
      try checkLedger()
      let whole = try wholePacks()
      let report = try await host.night(root)
      #expect(!report.isPartial, "\(moment): \(report.failures)")
      let view = try host.view(root)
      #expect(report.head == view.ledger.head, "\(moment)")
      #expect(report.head.sequence.number > finished, "\(moment)")
      #expect(try host.problems(view) == [], "\(moment): after the next night")
      try checkThrift(view, whole)
    } catch {
      Issue.record("\(moment): \(error)")
    }
  }

  /// Every snapshot of the ledger is complete and readable, and none is missing that was finished.
  private func checkLedger() throws {
    let view: StoreView
    do {
      view = try host.view(root)
    } catch let error as OperatorError where error.code == "ledger.missing-entry" {
      // A run that died at the very end looks to a reader as if its entry had been taken away; the host
      // knows better. Nothing else may say so.
      #expect(try isCutAtItsEnd(), "\(moment): \(error)")
      return
    }
    #expect(view.ledger.entries.count >= finished, "\(moment): a finished snapshot is lost")
    #expect(try host.problems(view) == [], "\(moment)")
  }

  /// Whether all entries that were finished are there, and only what comes before the next one.
  private func isCutAtItsEnd() throws -> Bool {
    let ledgers = "\(root)/store/ledger"
    let hosts = (try? FileManager.default.contentsOfDirectory(atPath: ledgers)) ?? []
    let names = Set(
      try hosts.flatMap { try FileManager.default.contentsOfDirectory(atPath: "\(ledgers)/\($0)") })
    let entries = names.filter { $0.hasSuffix(".json") }.count
    return entries == finished
  }

  /// The packs that lie in the store with their headers.
  private func wholePacks() throws -> Set<String> {
    let packs = "\(root)/store/packs"
    let names = Set((try? FileManager.default.subpathsOfDirectory(atPath: packs)) ?? [])
    return names.filter { names.contains("\($0).header") }
  }

  /// A pack that was there whole is used, and no chunk that is needed lies in two packs.
  private func checkThrift(_ view: StoreView, _ whole: Set<String>) throws {
    let needed = try view.ledger.neededByAny()
    let unused = whole.filter {
      ObjectName(ledgerText: "packs/\($0)").map { needed.objects[$0] == nil } ?? true
    }
    #expect(unused.isEmpty, "\(moment): packs that were there are not used: \(unused)")
    guard let last = view.ledger.entries.last else { return }
    let objects = ObjectReader(
      store: view.store, needed: try view.ledger.needed(at: last.entry.sequence))
    var chunks: Set<ChunkID> = []
    for name in objects.needed.objects.keys where name.index != nil {
      try objects.openIndex(name, with: [host.officer]) { pack in
        for chunk in pack.frames.flatMap(\.chunks) {
          #expect(chunks.insert(chunk.id).inserted, "\(moment): a chunk lies there twice")
        }
      }
    }
  }
}
