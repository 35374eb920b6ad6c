import ArgumentParser
import Custody
import MeasuredBoot
import OperatorConsole
import SystemPackage
import TrustedHardware
import Vocabulary

/// Seals a keyslot to other PCR values.
struct LUKSReseal: CofferVerb {
  static let configuration = CommandConfiguration(
    commandName: "reseal",
    abstract: "Seal a keyslot anew, to the PCR values of now or to predicted ones.",
    discussion: """
      All else stays as it is: PCRs, bank, profile, PIN. A new keyslot is added and proven as by \
      'enroll'; only then the old one goes. Sealed to predicted values, the new keyslot cannot be \
      proven before the next start: both stay until 'reseal --finish' has opened the new one.

      The volume is unlocked by the old token if it still opens, else by --unlock-key-file or by what \
      is typed.
      """)

  @Argument(help: "The LUKS2 volume: a block device or an image file.", completion: .file())
  var device: String

  @Option(help: "The keyslot to seal anew, where several are sealed.")
  var keyslot: Int?

  @Flag(help: "Open what was sealed to predicted values, and have the old keyslot go.")
  var finish = false

  @Option(help: "PCRs that are meant to be never extended when the volume is opened.")
  var unextended = PCRList()

  @Option(
    help: "Seal to the values that 'predict --output' wrote, instead of those of now.",
    completion: .file())
  var predicted: String?

  @OptionGroup var signature: SignatureOption
  @OptionGroup var pin: PINOptions
  @OptionGroup var unlock: UnlockOptions
  @OptionGroup var change: ChangeOptions
  @OptionGroup var tpm: TPMOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard unlock.unlockKeyFile != "-" || pin.pinFile != "-" else {
      throw ValidationError("standard input is either the key or the PIN")
    }
    guard !finish || predicted == nil else {
      throw ValidationError("--finish ends what --predicted began; not both at a time")
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renouncePlugins()
    let (editor, guarded) = try change.begin(device, context)
    let resealing = try Resealing(
      editor, by: tpm.address, signatures: signature.signatures())
    let secret = pin.source(isNew: false)
    if finish { return try end(resealing, editor, guarded, secret, context) }
    let old = try resealing.token(of: keyslot)
    let request = try old.request(unextended: unextended.indexes)
    let plan = try EnrollmentPlan(
      request.sealing(by: tpm.address.connect(), predicted: values(for: request)),
      on: editor.volume())
    for line in plan.lines + ["  instead of    keyslot \(old.keyslot)"] {
      context.console.say(line)
    }
    context.console.emit(plan)
    guard !change.dryRun else { return .done }
    try change.confirm("Reseal this?")
    let key = try volumeKey(of: old, resealing, editor.path, secret)
    let details = plan.recordDetails.merging(["retired": .integer(old.keyslot)]) { $1 }
    let receipt = try guarded.make("luks.reseal", details: details) {
      let enrollment = try Enrollment(
        editor, by: tpm.address, signatures: signature.signatures())
      if predicted == nil {
        try enrollment.replace(old.keyslot, by: plan, with: key) { try secret.pin() }
      } else {
        try enrollment.stage(plan, replacing: old.keyslot, with: key) { try secret.pin() }
      }
    }
    let report = ChangeReport(
      predicted == nil ? "resealed" : "staged", plan.volume, keyslot: plan.place.keyslot,
      token: plan.place.token, retired: predicted == nil ? old.keyslot : nil, receipt)
    context.console.say(
      predicted == nil
        ? "keyslot \(plan.place.keyslot) opened; keyslot \(old.keyslot) is gone"
        : "keyslot \(plan.place.keyslot) waits for the next start; keyslot \(old.keyslot) stays "
          + "until 'luks reseal --finish'")
    for line in report.lines { context.console.say(line) }
    context.console.emit(report)
    return .done
  }

  private func values(for request: EnrollmentRequest) throws -> [Int: [UInt8]] {
    guard let predicted else { return [:] }
    let values = try PredictedPCRs(FilePath(predicted))
    guard values.bank == request.bank, !request.pcrs.isDisjoint(with: values.values.keys) else {
      throw OperatorError(
        "predicted.malformed", .usage,
        "\(predicted) has no value for the PCRs of the \(request.bank.rawValue) bank that the keyslot "
          + "is sealed to")
    }
    return values.values
  }

  /// By the token while it opens, which asks nobody; else by what is given.
  private func volumeKey(
    of old: ResealableToken, _ resealing: Resealing, _ path: FilePath, _ secret: PINSource
  ) throws -> VolumeKey {
    guard unlock.unlockKeyFile == nil else { return try unlock.volumeKey(of: path) }
    do {
      return try resealing.volumeKey(by: old) { try secret.pin() }
    } catch let error as OperatorError where error.code == "tpm.policy" {
      return try unlock.volumeKey(of: path)
    }
  }

  private func end(
    _ resealing: Resealing, _ editor: VolumeEditor, _ guarded: GuardedChange, _ secret: PINSource,
    _ context: ToolContext
  ) throws -> ExitStatus {
    let volume = try editor.volume()
    guard !change.dryRun else { return .done }
    var finished: [(new: Int, old: Int)] = []
    let receipt = try guarded.make("luks.reseal-finish", details: [:]) {
      finished = try resealing.finish { try secret.pin() }
      guard !finished.isEmpty else {
        throw OperatorError(
          "reseal.nothing-waits", .nothingDone,
          "no keyslot of \(volume.device) waits for predicted PCR values")
      }
    }
    for (new, old) in finished {
      let report = ChangeReport("resealed", volume, keyslot: new, retired: old, receipt)
      context.console.say("keyslot \(new) opened; keyslot \(old) is gone")
      context.console.emit(report)
    }
    return .done
  }
}
