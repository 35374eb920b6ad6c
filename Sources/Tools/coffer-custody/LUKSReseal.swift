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

  @OptionGroup var sealing: SealingOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !finish || predicted == nil else {
      throw ValidationError("--finish ends what --predicted began; not both at a time")
    }
  }

  func perform(_ context: ToolContext) throws -> ExitStatus {
    LUKSDevice.renouncePlugins()
    let (change, token) = (sealing.change, sealing.token)
    let (editor, guarded) = try change.begin(device, context)
    let opener = try token.opener()
    let resealing = Resealing(editor, by: opener)
    let secret = token.pin.source(isNew: false)
    if finish { return try end(resealing, editor, guarded, secret, context) }
    let old = try resealing.token(of: keyslot)
    let request = try old.request(unextended: unextended.indexes)
    let plan = try EnrollmentPlan(
      request.sealing(by: token.tpm.address.connect(), predicted: values(for: request)),
      on: editor.volume())
    for line in plan.lines + ["  instead of    keyslot \(old.keyslot)"] {
      context.console.say(line)
    }
    context.console.emit(plan)
    guard !change.dryRun else { return .done }
    try change.confirm("Reseal this?")
    let key = try volumeKey(of: old, resealing, editor.path, secret)
    let enrollment = Enrollment(editor, by: opener)
    let details = plan.recordDetails.merging(["instead-of": .integer(old.keyslot)]) { $1 }
    let new = plan.place.keyslot
    if predicted == nil {
      let receipt = try guarded.make("luks.reseal", details: details) {
        try enrollment.replace(old.keyslot, by: plan, with: key) { try secret.pin() }
      }
      context.console.say("keyslot \(new) opened; keyslot \(old.keyslot) is gone")
      tell(
        ChangeReport(
          "resealed", plan.volume, keyslot: new, token: plan.place.token, retired: old.keyslot,
          receipt), context)
    } else {
      let receipt = try guarded.make("luks.reseal-stage", details: details) {
        try enrollment.stage(plan, replacing: old.keyslot, with: key) { try secret.pin() }
      }
      context.console.say(
        "keyslot \(new) waits for the next start; keyslot \(old.keyslot) stays until "
          + "'luks reseal --finish'")
      tell(
        ChangeReport("staged", plan.volume, keyslot: new, token: plan.place.token, receipt),
        context)
    }
    return .done
  }

  private func tell(_ report: ChangeReport, _ context: ToolContext) {
    for line in report.lines { context.console.say(line) }
    context.console.emit(report)
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

  /// That a token does not open any more, and why; a wrong PIN is not among them.
  private static let doesNotOpen = [
    "tpm.policy", "tpm.not-its-secret", "tpm.parent-changed", "token.no-signature",
  ]

  /// By the token while it opens, which asks nobody; else by what is given.
  private func volumeKey(
    of old: ResealableToken, _ resealing: Resealing, _ path: FilePath, _ secret: PINSource
  ) throws -> VolumeKey {
    let unlock = sealing.unlock
    guard unlock.unlockKeyFile == nil else { return try unlock.volumeKey(of: path) }
    do {
      return try resealing.volumeKey(by: old) { try secret.pin() }
    } catch let error as OperatorError where Self.doesNotOpen.contains(error.code) {
      return try unlock.volumeKey(of: path)
    }
  }

  private func end(
    _ resealing: Resealing, _ editor: VolumeEditor, _ guarded: GuardedChange, _ secret: PINSource,
    _ context: ToolContext
  ) throws -> ExitStatus {
    let volume = try editor.volume()
    guard !sealing.change.dryRun else { return .done }
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
