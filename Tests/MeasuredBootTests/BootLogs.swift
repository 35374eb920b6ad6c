import ProofTools
import SecretMemory

/// Logs of boots, as this or that boot loader leaves them.
enum BootLogs {
  /// A log with a bit of everything, of a kind by name.
  static func log(of kind: String) -> EventLogBuilder {
    var log: EventLogBuilder
    switch kind {
    case "old form": log = .oldForm()
    case "locality":
      log = EventLogBuilder(banks: [.sha256])
      log.startupLocality(3)
    default:
      log = EventLogBuilder(
        banks: kind.split(separator: "+").compactMap { HashFunction(rawValue: String($0)) })
    }
    log.firmware()
    log.grub("grub_cmd", "set root=hd0,gpt2")
    log.grub("kernel_cmdline", "/vmlinuz root=/dev/vda ro")
    log.grubFile("(hd0,gpt2)/initrd.img", Array("initrd".utf8))
    log.measure([7], into: 14, type: 0xd, saying: Array("MokList\0".utf8))
    return log
  }

  /// What GRUB boots, and where it is measured.
  struct Grub {
    var kernel = PEBuilder.image([(".text", Array("kernel 6.1.1".utf8))])
    var initrd = Array("initrd of 6.1.1".utf8)
    var line = "/vmlinuz-6.1.1 root=/dev/vda ro quiet"
    var configuration = Array("set timeout=5".utf8)
    var menuEntry = "menuentry Debian { linux /vmlinuz-6.1.1 }"

    /// The log of its boot; `hash` gives the Authenticode hash of the kernel, by bank.
    func log(_ hash: (HashFunction) -> [UInt8]) -> EventLogBuilder {
      var log = EventLogBuilder(banks: [.sha1, .sha256])
      log.firmware()
      for path in ["\\EFI\\debian\\shimx64.efi", nil] {
        let content = Array("image \(path ?? "grub")".utf8)
        log.image(
          [.sha1: HashFunction.sha1.digest(of: content)].merging(
            [.sha256: HashFunction.sha256.digest(of: content)]) { $1 }, path: path)
      }
      log.grubFile("(hd0,gpt2)/grub/grub.cfg", configuration)
      log.grub("grub_cmd", menuEntry)
      log.grub("grub_cmd", "linux \(line)")
      log.grubFile("(hd0,gpt2)/vmlinuz-6.1.1", kernel)
      log.grub("kernel_cmdline", line)
      log.image([.sha1: hash(.sha1), .sha256: hash(.sha256)], path: nil)
      log.grub("grub_cmd", "initrd /initrd.img-6.1.1")
      log.grubFile("(hd0,gpt2)/initrd.img-6.1.1", initrd)
      return log
    }
  }
}
