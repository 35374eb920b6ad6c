import ArgumentParser
import Custody
import LocalFiles
import OperatorConsole
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// Has a TPM open a volume.
struct LUKSEnroll: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "enroll",
    abstract: "Add a keyslot that the TPM opens while the PCRs are as they are now.",
    discussion: """
      The plan is shown first. Then the header is backed up, a keyslot is added and opened, its token \
      is written and read again from the disk, the TPM gives the secret in a fresh connection, and \
      what it gives opens the keyslot. If any of that fails, the keyslot is taken away again. What \
      opened the volume before opens it still.

      Profiles: compat is opened by systemd 252 to 261; pinned-compat as well, and pins the TPM's \
      parent key for those from 254 on; srk is opened by systemd from 254 on only. docs/custody.md \
      says what PCRs defend against and what not.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(help: "The PCRs to seal to, for example 7,11.")
  var pcrs = PCRList()

  @Option(help: "The bank of the PCRs: sha256, sha384, sha512 or sha1.")
  var bank: PCRBank = .sha256

  @Option(help: "For which systemd the token is written: compat, pinned-compat or srk.")
  var profile: TokenProfile = .compat

  @Option(
    help:
      "PCRs among those of --pcrs that are meant to be never extended when the volume is opened.")
  var unextended = PCRList()

  @Option(help: "PCRs for which a signature is enough, for example 11; goes with --public-key.")
  var signedPcrs = PCRList()

  @Option(
    help: "The RSA public key in PEM whose signature is enough; goes with --signed-pcrs.",
    completion: .file())
  var publicKey: String?

  @OptionGroup var sealing: SealingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (publicKey == nil) == signedPcrs.indexes.isEmpty else {
      throw ValidationError("--signed-pcrs and --public-key go together")
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renouncePlugins()
    let (change, token) = (sealing.change, sealing.token)
    let (editor, guarded) = try change.begin(device, context)
    let request = EnrollmentRequest(
      profile: profile, pcrs: pcrs.indexes, bank: bank, signed: try signed(),
      hasPIN: token.pin.hasPIN,
      unextended: unextended.indexes)
    let plan = try EnrollmentPlan(
      request.sealing(by: token.tpm.address.connect()), on: editor.volume())
    for line in plan.lines { context.console.say(line) }
    context.console.emit(plan)
    guard !change.dryRun else { return .done }
    try change.confirm("Enroll this?")
    let key = try sealing.unlock.volumeKey(of: editor.path)
    let secret = token.pin.source(isNew: true)
    let opener = try token.opener()
    let receipt = try guarded.make("luks.enroll", details: plan.recordDetails) {
      try Enrollment(editor, by: opener).apply(plan, with: key) { try secret.pin() }
    }
    let report = ChangeReport(
      "enrolled", plan.volume, keyslot: plan.place.keyslot, token: plan.place.token, receipt)
    context.console.say(
      "keyslot \(plan.place.keyslot) enrolled, and opened by token \(plan.place.token)")
    for line in report.lines { context.console.say(line) }
    context.console.emit(report)
    return .done
  }
}

extension LUKSEnroll {
  private func signed() throws -> SignedPCRs? {
    guard let publicKey else { return nil }
    let pem = try SecretFile.read(FilePath(publicKey)).withBytes { $0.copied() }
    return try SignedPCRs(signedPcrs.indexes, signedBy: pem, of: publicKey)
  }
}

extension TokenProfile: ExpressibleByArgument {}
