import ArgumentParser
import Operations
import Repository
import Signatures
import SystemPackage
import Vocabulary

/// Which store, and whose signature on it is trusted.
struct StoreOptions: ParsableArguments {
  @Option(help: "The store: a directory.", completion: .directory)
  var store: String

  @Option(
    help: "The backed-up host's public key, as 'coffer-backup init' wrote it.", completion: .file())
  var trust: String?

  @Flag(
    help: ArgumentHelp(
      "Restore what nobody's signature vouches for.",
      discussion:
        "For a store whose host key is lost. Whoever had the recipients may have forged it."))
  var withoutAnyTrustedSignature = false

  func validate() throws {
    guard (trust == nil) == withoutAnyTrustedSignature else {
      throw ValidationError(
        "one of --trust and --without-any-trusted-signature must be given, and only one")
    }
  }

  @Option(help: "A ledger head noted earlier; the store must still contain it.")
  var expectHead: String?

  @Option(
    help: ArgumentHelp(
      "A state folder that remembers the head; the store must still contain it.",
      discussion: "The backed-up host's own, or a copy of its head.json."),
    completion: .directory)
  var state: String?

  @Option(
    help: ArgumentHelp(
      "The store keeper's public key, the file keeper.pub of his folder.",
      discussion: "His word is then taken for which snapshots were removed on purpose."),
    completion: .file())
  var keeper: String?

  @Option(
    help: ArgumentHelp(
      "The public key of an officer who rewrapped objects, his record.pub. May be repeated.",
      discussion: """
        Needed for compartments that no identity opens: what an identity opens proves itself, whoever \
        rewrapped it.
        """),
    completion: .file())
  var officer: [String] = []

  /// Opens the store and checks the ledger.
  func open() throws -> StoreView {
    var expected: SHA256Digest?
    if let expectHead {
      guard let digest = SHA256Digest(hex: expectHead) else {
        throw OperatorError(
          "usage", .usage, "--expect-head takes the 64 hexadecimal digits of a ledger head")
      }
      expected = digest
    }
    let known = try state.flatMap { try HostState.head(in: FilePath($0)) }
    let view = try StoreView(
      store, trusting: try ledgerTrust(), expected: expected,
      keeper: try keeper.map { try VerifyingKey(keeperKeyAt: FilePath($0)) },
      officers: try officer.map { try VerifyingKey(officerKeyAt: FilePath($0)) },
      unfinishedAfter: known?.sequence)
    if let state, let head = known {
      try view.ledger.mustContain(head.sha256, rememberedBy: "the state folder \(state)")
    }
    return view
  }

  private func ledgerTrust() throws -> LedgerTrust {
    guard let trust else { return .nobody }
    return .key(try VerifyingKey(hostKeyAt: FilePath(trust)))
  }
}
