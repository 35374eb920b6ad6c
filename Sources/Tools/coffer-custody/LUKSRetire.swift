import ArgumentParser
import Custody
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Takes a keyslot away.
struct LUKSRetire: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "retire",
    abstract: "Take a keyslot away, with its token, where enough is left.",
    usage: "coffer-custody luks retire DEVICE SLOT --header-backup DIR -r RECIPIENT … [--yes]",
    discussion: """
      The last way in stays, and so does the last one that needs no TPM. Another keyslot must have \
      been opened for real in the same run: by a token and the TPM, or by --unlock-key-file. Backups \
      of the header from before still open by the keyslot that went; only a new volume key ends that: \
      luks rotate-volume-key.
      """)

  @Argument(help: "The volume, and the number of the keyslot.", completion: .file())
  var deviceAndSlot: [String]

  @Option(
    help: "A file with a passphrase or recovery key of another keyslot; - is standard input.",
    completion: .file())
  var unlockKeyFile: String?

  @OptionGroup var signature: SignatureOption
  @OptionGroup var pin: PINOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var tpm: TPMOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard deviceAndSlot.count == 2, slot != nil else {
      throw ValidationError("name the volume and the number of one keyslot, 0 to 31")
    }
  }

  private var slot: Int? {
    let numbers = deviceAndSlot.compactMap { Int($0) }
    guard numbers.count == 1, let number = numbers.first, (0..<32).contains(number) else {
      return nil
    }
    return number
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renouncePlugins()
    guard let slot, let device = deviceAndSlot.first(where: { Int($0) == nil }) else {
      return .usage
    }
    let (editor, guarded) = try change.begin(device, context)
    let retirement = Retirement(editor)
    try retirement.check(slot)
    let volume = try editor.volume()
    context.console.say("plan for \(volume.device) (\(volume.uuid))")
    let tokens = volume.tokens(of: slot).map { "token \($0.number)" }.joined(separator: ", ")
    context.console.say(
      "  keyslot       \(slot) goes" + (tokens.isEmpty ? "" : ", with \(tokens)"))
    guard !change.dryRun else { return .done }
    try change.confirm("Retire keyslot \(slot)?")
    let proofs = try proofs(at: editor.path, besides: slot)
    let receipt = try guarded.make("luks.retire", details: ["keyslot": .integer(slot)]) {
      try retirement.apply(slot, provenBy: proofs)
    }
    let report = ChangeReport("retired", volume, keyslot: nil, retired: slot, receipt)
    context.console.say("keyslot \(slot) is gone")
    for line in report.lines { context.console.say(line) }
    context.console.emit(report)
    return .done
  }

  /// Opens what can be opened without asking anybody.
  private func proofs(at path: FilePath, besides slot: Int) throws -> [KeyslotProof] {
    let verification = VolumeVerification(path)
    if let unlockKeyFile {
      let options = try UnlockOptions.parse(["--unlock-key-file", unlockKeyFile])
      return [try verification.opened(by: options.given(for: path))]
    }
    let source = pin.source(isNew: false)
    return try verification.tokens(
      by: tpm.address, signatures: signature.signatures(),
      pin: pin.hasPIN ? { try source.pin() } : nil, besides: slot)
  }
}
