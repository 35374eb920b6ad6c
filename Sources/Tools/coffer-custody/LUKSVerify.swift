import ArgumentParser
import Custody
import LocalFiles
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Opens every way into a volume for real.
struct LUKSVerify: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Open each token, and the recovery key, for real; activate nothing.",
    discussion: """
      Exit codes: 0 where each token opened its keyslot and nothing was left out, 3 where something \
      could not be tried (a PIN or a recovery key that was not given, somebody else's token), 4 where \
      something did not open, 5 where nothing was tried. A wrong PIN counts as a failed try of the \
      TPM; the last try before a lockout is never made.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(help: "A file with the recovery key; - is standard input.", completion: .file())
  var recoveryKeyFile: String?

  @Option(
    help: "A file with a passphrase of the volume, to be tried as well; - is standard input.",
    completion: .file())
  var unlockKeyFile: String?

  @Option(
    help: "Try the tokens of this keyslot only: the PIN of one counts as a wrong one at another.")
  var keyslot: Int?

  @OptionGroup var token: TokenOptions
  @OptionGroup var output: OutputOptions

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renounceRepair()
    LUKSDevice.renouncePlugins()
    let verification = VolumeVerification(FilePath(device))
    let source = token.pin.source(isNew: false)
    var proofs = try verification.tokens(
      of: keyslot, by: token.opener(), pin: token.pin.hasPIN ? { try source.pin() } : nil)
    // What the tokens came to is told before a wrong key ends this.
    var wrongKey: OperatorError?
    do {
      if let recoveryKeyFile {
        proofs += try verification.recovered(by: SecretFile.read(FilePath(recoveryKeyFile)))
      }
      if let unlockKeyFile {
        proofs.append(try verification.opened(by: SecretFile.read(FilePath(unlockKeyFile))))
      }
    } catch let error as OperatorError where error.code == "luks.wrong-key" {
      wrongKey = error
    }
    let typed = proofs.filter { $0.outcome == .opened || $0.kind == "systemd-recovery" }
    if keyslot == nil {
      proofs += try verification.untyped(besides: Set(typed.map(\.keyslot)))
    }
    for proof in proofs {
      context.console.say(proof.line)
      context.console.emit(proof)
    }
    if let wrongKey { throw wrongKey }
    return try Self.status(of: proofs)
  }

  private static func status(of proofs: [KeyslotProof]) throws -> ExitStatus {
    let untested = proofs.filter { if case .untested = $0.outcome { true } else { false } }
    guard untested.count < proofs.count else {
      throw OperatorError(
        "verify.nothing", .nothingDone,
        proofs.isEmpty
          ? "nothing was opened: the volume has no token"
          : "nothing was opened: nothing could be tried",
        hint: "give a PIN with --pin-file, a key with --unlock-key-file or --recovery-key-file")
    }
    let refused = proofs.filter { if case .refused = $0.outcome { true } else { false } }
    guard refused.isEmpty else { return .mismatch }
    return untested.isEmpty ? .done : .partly
  }
}
