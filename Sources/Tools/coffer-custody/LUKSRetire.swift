import ArgumentParser
import Custody
import LocalFiles
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

  @OptionGroup var token: TokenOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    _ = try target
  }

  /// The volume and the keyslot, in whichever order they were named.
  private var target: (device: String, slot: Int) {
    get throws {
      let slots = deviceAndSlot.compactMap { Int($0) }
      let devices = deviceAndSlot.filter { Int($0) == nil }
      guard slots.count == 1, devices.count == 1, (0..<32).contains(slots[0]) else {
        throw ValidationError("name the volume and the number of one keyslot, 0 to 31")
      }
      return (devices[0], slots[0])
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renouncePlugins()
    let (device, slot) = try target
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
      return [try verification.opened(by: SecretFile.read(FilePath(unlockKeyFile)))]
    }
    let source = token.pin.source(isNew: false)
    return try verification.tokens(
      by: token.opener(), pin: token.pin.hasPIN ? { try source.pin() } : nil, besides: slot)
  }
}
