import ArgumentParser
import MeasuredBoot
import SystemPackage
import Vocabulary

/// What of the boot to come is new.
struct BootComponentOptions: ParsableArguments {
  @Option(help: "The new kernel.", completion: .file())
  var kernel: String?

  @Option(
    help: "The kernel that was booted; without it the log's paths tell.", completion: .file())
  var oldKernel: String?

  @Option(help: "The new initrd.", completion: .file())
  var initrd: String?

  @Option(
    help: "The initrd that was booted; without it the log's paths tell.", completion: .file())
  var oldInitrd: String?

  @Option(
    help: ArgumentHelp(
      "A file with the new kernel command line.",
      discussion: "With GRUB it begins with the path of the kernel, as GRUB measures it."),
    completion: .file())
  var cmdline: String?

  @Option(
    help: "A file with the command line of the last boot; without it the log tells.",
    completion: .file())
  var oldCmdline: String?

  @Option(help: "The new unified kernel image.", completion: .file())
  var uki: String?

  @Option(
    help: "The unified kernel image that was booted; PCR 11 can do without.", completion: .file())
  var oldUki: String?

  @Option(
    name: .customLong("replace"),
    help: ArgumentHelp(
      "Another file that GRUB reads, grub.cfg for example: as it was and as it will be.",
      valueName: "old=new"))
  var files: [FilePair] = []

  /// Two paths, `old=new`.
  struct FilePair: ExpressibleByArgument {
    let old: FilePath
    let new: FilePath

    init?(argument: String) {
      let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
      (old, new) = (FilePath(String(parts[0])), FilePath(String(parts[1])))
    }
  }

  func validate() throws {
    for (new, old, name) in [
      (kernel, oldKernel, "kernel"), (initrd, oldInitrd, "initrd"),
      (cmdline, oldCmdline, "cmdline"),
      (uki, oldUki, "uki"),
    ] where new == nil && old != nil {
      throw ValidationError("--old-\(name) says what was, and --\(name) is missing")
    }
    guard uki == nil || (kernel == nil && initrd == nil && cmdline == nil) else {
      throw ValidationError("a unified kernel image has its own kernel, initrd and command line")
    }
  }

  /// The new unified kernel image, and the old one where it is given.
  func images() throws -> (new: UnifiedKernelImage, old: UnifiedKernelImage?)? {
    func image(_ path: String) throws -> UnifiedKernelImage {
      try UnifiedKernelImage(BootFile.component(FilePath(path)), of: path)
    }
    guard let uki else { return nil }
    return (try image(uki), try oldUki.map(image))
  }

  /// Whether anything but a unified kernel image is replaced.
  var needsLog: Bool {
    kernel != nil || initrd != nil || cmdline != nil || oldUki != nil || !files.isEmpty
  }

  /// Puts them in place of what was booted.
  func apply(to prediction: inout Prediction, until phase: BootPhase) throws {
    func content(_ path: String) throws -> [UInt8] { try BootFile.component(FilePath(path)) }
    if let kernel {
      try prediction.replaceKernel(content(kernel), old: oldKernel.map(content))
    }
    if let initrd {
      try prediction.replaceInitrd(content(initrd), old: oldInitrd.map(content))
    }
    if let cmdline {
      try prediction.replaceCommandLine(
        BootFile.commandLine(FilePath(cmdline)),
        old: oldCmdline.map { try BootFile.commandLine(FilePath($0)) })
    }
    for pair in files {
      try prediction.replaceFile(
        BootFile.component(pair.new), old: BootFile.component(pair.old), called: "\(pair.old)")
    }
    if let images = try images() {
      try prediction.replaceImage(images.new, old: images.old, until: phase)
    }
  }
}
