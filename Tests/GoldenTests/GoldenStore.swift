import AgeFormat
import Foundation
import Operations
import ProofTools
import Recipients
import Repository
import SecretMemory
import Signatures
import Testing
import Vocabulary

/// A golden store: what lies in `Tests/Golden/v…`, and what must come of it.
struct GoldenStore: Sendable, CustomTestStringConvertible {
  /// What a snapshot must give.
  struct Snapshot: Decodable, Sendable {
    struct Source: Decodable, Sendable {
      let kind: String
      /// Paths or tables, each with what `describe.py` says of it.
      let holds: [String: JSONValue]
    }

    let snapshot: String
    let head: SHA256Digest
    let sources: [String: Source]
  }

  private struct Expected: Decodable {
    let snapshots: [Snapshot]
  }

  /// The golden store of each version of the format, with the head of its ledger: a new version adds
  /// a line, and no line is ever changed.
  static let all = [
    GoldenStore("v1", head: "e78bb03797e77163c672e60889032c462fce6a361642ae5bf5cf9259658762b4")
  ]

  let testDescription: String
  let head: String
  private let folder: String

  private init(_ version: String, head: String) {
    testDescription = version
    self.head = head
    folder = Self.home + "/" + version
  }

  private static let home =
    URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().path + "/Golden"

  private func read(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }

  var place: String { "\(folder)/store" }

  func expected() throws -> [Snapshot] {
    try JSONDocument.decode(Expected.self, from: read("expected.json")).snapshots
  }

  /// The identities of an officer of one compartment.
  func identities(_ officer: String) throws -> [any Identity] {
    try read("\(officer).key").withBytes { try IdentityFile.parse($0) }
  }

  /// The identities of both compartments' officers.
  func everybody() throws -> [any Identity] {
    try identities("officers") + identities("bridge")
  }

  /// The store as a restoring host sees it that trusts the key and remembers the head.
  func view() throws -> StoreView {
    let key = try VerifyingKey(parsing: String(decoding: read("host.pub"), as: UTF8.self))
    return try StoreView(place, trusting: .key(key), expected: SHA256Digest(hex: head))
  }

  /// What the witness that knows nothing of Coffer says of files, an SQLite file or a dump.
  static func describe(_ kind: String, _ path: String) throws -> [String: JSONValue] {
    let verbs = ["files": "files", "sqlite": "sqlite", "postgresql": "dump"]
    let verb = try #require(verbs[kind])
    let said = try #require(StockTool("python3")).run([home + "/describe.py", verb, path])
    guard said.status == 0 else { throw OperatorError("proof.describe", .failed, said.text) }
    return try JSONDocument.decode([String: JSONValue].self, from: Array(said.text.utf8))
  }
}

/// Nobody listens: what a run has to say is in what it returns.
struct NoListener: OperationListener {
  func hear(_ event: OperationEvent) {}
}
