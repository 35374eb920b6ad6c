internal import Glibc
internal import LocalFiles
package import SystemPackage
internal import Vocabulary

/// A LUKS2 volume that is open on this machine: a device of device-mapper.
///
/// Read from sysfs, for which no right and no device-mapper is needed.
package struct ActiveMapping: Sendable {
  private static let root = "/sys/class/block"

  /// The name that it is mapped by, below `/dev/mapper`.
  package let name: String
  /// Whether it lies directly on the device that was asked about.
  package let isOnDevice: Bool

  /// The mappings of a volume.
  ///
  /// - Parameters:
  ///   - uuid: the volume's.
  ///   - device: where the volume is.
  /// - Returns: none where it is not open.
  package static func of(_ uuid: String, on device: FilePath) -> [ActiveMapping] {
    // libdevmapper's name for it: CRYPT-LUKS2-<UUID without dashes>-<name>.
    let prefix = "CRYPT-LUKS2-\(uuid.filter { $0 != "-" })-"
    return names(in: root).compactMap { block in
      guard let id = line(of: "\(root)/\(block)/dm/uuid"), id.hasPrefix(prefix),
        let name = line(of: "\(root)/\(block)/dm/name")
      else { return nil }
      let below = names(in: "\(root)/\(block)/slaves")
      return ActiveMapping(
        name: name, isOnDevice: below.count == 1 && below.allSatisfy { isSame($0, device) })
    }
  }

  /// Whether a block device of this name is the one at a path, or a loop device over that file.
  private static func isSame(_ block: String, _ device: FilePath) -> Bool {
    var status = stat()
    guard unsafe device.withPlatformString({ unsafe stat($0, &status) }) == 0 else { return false }
    if status.st_mode & S_IFMT == S_IFBLK {
      // As `makedev(3)` packs them.
      let packed = status.st_rdev
      let major = (packed >> 8) & 0xfff | (packed >> 32) & ~0xfff
      let minor = packed & 0xff | (packed >> 12) & ~0xff
      let number = "\(major):\(minor)"
      return line(of: "\(root)/\(block)/dev") == number
    }
    guard let backing = line(of: "\(root)/\(block)/loop/backing_file") else { return false }
    var other = stat()
    guard unsafe stat(backing, &other) == 0 else { return false }
    return other.st_dev == status.st_dev && other.st_ino == status.st_ino
  }

  /// None where the kernel has no such folder.
  private static func names(in folder: String) -> [String] {
    (try? LocalPath(FilePath(folder)).names()) ?? []
  }

  private static func line(of path: String) -> String? {
    guard let file = try? FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
    else { return nil }
    defer { try? file.close() }
    var bytes = [UInt8](repeating: 0, count: 4096)
    guard let count = try? unsafe bytes.withUnsafeMutableBytes({ unsafe try file.read(into: $0) })
    else { return nil }
    return String(decoding: bytes.prefix(count).prefix { $0 != 0x0a }, as: UTF8.self)
  }
}
