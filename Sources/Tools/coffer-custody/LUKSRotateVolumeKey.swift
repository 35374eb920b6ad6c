import ArgumentParser
import Custody
import CustodyRecords
import LocalFiles
import OperatorConsole
import SecretMemory
import SystemPackage
import TrustedHardware
import Vocabulary

/// Gives a volume another key.
struct LUKSRotateVolumeKey: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "rotate-volume-key",
    abstract: "Encrypt the data under a new volume key, and carry every keyslot and token over.",
    discussion: """
      What opened the volume opens it after that, too: passphrases, the recovery key, TPM tokens with \
      and without PIN, each opened before, carried over, and opened again. What is not at hand is \
      refused, or given up with --drop. Keyslots get other numbers, tokens keep theirs. Old backups of \
      the header expire when the data is first touched; a new one is made at the end.

      It takes as long as reading and writing all data. Stopped or killed, the next run goes on. Until \
      it is done, a restart wants a passphrase or recovery key typed, for systemd 252 opens no token \
      meanwhile.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @OptionGroup var keys: RotationKeyOptions

  @Option(
    help: ArgumentHelp("A keyslot that is given up. May be repeated.", valueName: "slot"))
  var drop: [Int] = []

  @Flag(help: "Go on with what an earlier run began, and begin nothing.")
  var resume = false

  @Flag(help: "Encrypt a volume anew that is open, while it is in use.")
  var online = false

  @Option(
    help: ArgumentHelp(
      "The volume's name in crypttab; the new value for fixate-volume-key= there is shown.",
      valueName: "name"))
  var volumeName: String?

  @OptionGroup var signature: SignatureOption
  @OptionGroup var pin: PINOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var tpm: TPMOption
  @OptionGroup var output: OutputOptions

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renouncePlugins()
    let (editor, guarded) = try change.begin(device, context, isRotating: true)
    let source = pin.source(isNew: false)
    let secrets = try RotationSecrets(
      tpm: tpm.address, signatures: signature.signatures(),
      pin: pin.hasPIN ? { try source.pin() } : nil, given: keys.given(),
      ask: { try keys.ask($0, $1, of: device) })
    let rotation = try VolumeRotation(editor, secrets, scratch: change.state.record().state)
    if let mark = try editor.rotationUnderWay() {
      return try goOn(mark, editor, guarded, rotation, context)
    }
    if let old = try guarded.unrecordedRotation() {
      context.console.say(
        "an earlier run changed the volume key of \(device), and was cut off after")
      guard !change.dryRun else { return .done }
      return try tell(try guarded.closeRotation(from: old), [], editor, rotation, context)
    }
    guard !resume else {
      throw OperatorError(
        "rotate.nothing-to-resume", .nothingDone,
        "no change of the volume key of \(device) is under way")
    }
    return try begin(editor, guarded, rotation, secrets, context)
  }

  private func begin(
    _ editor: VolumeEditor, _ guarded: GuardedChange, _ rotation: VolumeRotation,
    _ secrets: RotationSecrets, _ context: ToolContext
  ) throws -> ExitStatus {
    let opened = try LUKSDevice(editor.path)
    let volume = Volume(opened, at: editor.path)
    let mapping = try mapping(of: volume)
    let dropped = Set(drop)
    let (found, missing) = try secrets.find(
      RotationPlan.keyslots(of: volume, besides: dropped), of: editor.path)
    let plan = try RotationPlan(
      of: opened, volume, secrets: found, missing: missing, dropped: dropped, mapping: mapping)
    for line in plan.lines { context.console.say(line) }
    context.console.emit(plan)
    guard !change.dryRun else { return .done }
    try change.confirm("Change the volume key?")
    let receipt = try guarded.rotate(
      rotation, plan, check: { try context.interruption.check() }, progress: progress(context))
    return try tell(receipt, plan.secrets, editor, rotation, context)
  }

  private func goOn(
    _ mark: RotationMark, _ editor: VolumeEditor, _ guarded: GuardedChange,
    _ rotation: VolumeRotation, _ context: ToolContext
  ) throws -> ExitStatus {
    guard drop.isEmpty else {
      throw OperatorError(
        "rotate.begun", .refused,
        "which keyslots of \(device) are dropped was settled when the change of the volume key began",
        hint: "go on without --drop")
    }
    let volume = try editor.volume()
    let mapping = try mapping(of: volume)
    context.console.say("going on: \(mark.text)")
    if let progress = volume.progress { context.console.say("  \(progress.text) encrypted anew") }
    guard !change.dryRun else { return .done }
    try change.confirm("Go on?")
    let receipt = try guarded.goOn(
      rotation, mark, mappedAs: mapping, check: { try context.interruption.check() },
      progress: progress(context))
    return try tell(receipt, [], editor, rotation, context)
  }

  /// The name that the volume is mapped by; nil where it is not open.
  private func mapping(of volume: Volume) throws -> String? {
    let mappings = ActiveMapping.of(volume.uuid, on: volume.device)
    guard let mapping = mappings.first else { return nil }
    guard mappings.count == 1, mapping.isOnDevice else {
      throw OperatorError(
        "luks.in-use", .refused,
        "a volume with the UUID of \(device) is open as \(mapping.name), and does not lie on "
          + "\(device) alone",
        hint: "close it, or name the device that it lies on")
    }
    guard online else {
      throw OperatorError(
        "luks.in-use", .refused, "\(device) is open as \(mapping.name)",
        hint: "close it before, or have it encrypted anew while it is in use with --online")
    }
    return mapping.name
  }

  private func progress(_ context: ToolContext) -> (_ done: Int, _ total: Int) -> Void {
    var last: Int?
    return { done, total in
      if last == nil {
        context.meter.begin("encrypting anew", total: total)
        context.console.begin("encrypting anew")
      }
      context.meter.advance(bytes: done - (last ?? 0))
      last = done
      if done >= total { context.console.finish() }
    }
  }

  private func tell(
    _ receipt: GuardedChange.RotationReceipt, _ known: [KeyslotSecret], _ editor: VolumeEditor,
    _ rotation: VolumeRotation, _ context: ToolContext
  ) throws -> ExitStatus {
    let fixation = try volumeName.flatMap { try rotation.fixation(name: $0, by: known) }
    for file in receipt.unmarked {
      context.console.warn("\(file) could not be marked as expired; the custody record says so")
    }
    for proof in receipt.proofs { context.console.say(proof.line) }
    let report = RotationReport(try editor.volume(), receipt, fixation: fixation)
    for line in report.lines { context.console.say(line) }
    context.console.emit(report)
    if volumeName != nil, fixation == nil {
      context.console.warn("nothing at hand opens the volume, so fixate-volume-key= is not known")
    }
    return report.status
  }
}
