import AgeFormat
import Foundation
import ProofTools
import Recipients
import SecretMemory
import Testing
import Vocabulary

/// A restore of one source of a tiny host by the real program, into a folder of its own.
struct Restoring {
  /// What is restored into lies below this folder.
  let root: String
  private let host: TinyHost
  private let source: String
  private let backup: String
  private let expected: CrashedDisk.Tree
  private let identity: String

  init(_ source: String, in folder: borrowing ScratchFolder) async throws {
    self.source = source
    host = try TinyHost(in: folder)
    backup = folder.path(of: "host")
    root = folder.path(of: "restored")
    identity = folder.path(of: "officer")
    var text: [UInt8] = []
    host.officer.withText { text = $0.copied() }
    try folder.write(text, to: "officer")
    try await host.initialise(backup)
    try await host.night(backup)
    let whole = folder.path(of: "whole")
    try CrashedDisk.Tree().write(to: whole)
    try await host.restore(source, of: backup, to: Self.target(source, whole))
    expected = try CrashedDisk.Tree(reading: whole)
    try CrashedDisk.Tree().write(to: root)
  }

  /// Two folders have to be made.
  private static func target(_ source: String, _ root: String) -> String {
    "\(root)/srv/\(source == "bridge-db" ? "bridge.db" : source)"
  }

  /// Restores with the real program.
  func record(failing failure: Recorder.Failure? = nil) throws -> Recorder.Outcome {
    try Recorder.run(
      "coffer-restore",
      [
        "run", "--store", "\(backup)/store", "--trust", "\(backup)/keys/host.pub", "--identity",
        identity, "--source", source, "--target", Self.target(source, root),
      ], below: root, failing: failure)
  }

  /// Whether everything is there as it was saved; a temporary name that the disk did not let go does no
  /// harm.
  func isWhole() throws -> Bool { try found() == expected.things }

  private func found() throws -> [String: CrashedDisk.Tree.Thing] {
    try CrashedDisk.Tree(reading: root).things.filter { !$0.key.hasSuffix(".tmp") }
  }

  /// A restore into what an earlier one left is refused, or completes it.
  func checkNext(_ moment: String) async {
    do {
      try await host.restore(source, of: backup, to: Self.target(source, root))
      #expect(try isWhole(), "\(moment): the next restore says done, and it is not")
    } catch let error as OperatorError where error.status == .refused {
    } catch {
      Issue.record("\(moment): \(error)")
    }
  }
}
