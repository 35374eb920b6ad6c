internal import Glibc
internal import SystemPackage

/// Puts back owner, mode, attributes, ACLs and times, in the order that lets each of them last.
///
/// The owner first, for giving a file away clears set-user-id and capabilities; then attributes,
/// which need a mode that still lets us write; then the mode; then ACLs, whose mask the mode would
/// change; times last, for all others may touch them. What is refused is noted, not thrown: the
/// content is back, and that is worth keeping.
struct MetadataRestorer: Sendable {
  /// Whether owners are put back.
  let restoresOwners: Bool

  private let accounts = AccountNames()

  init(restoresOwners: Bool) {
    self.restoresOwners = restoresOwners
  }

  /// Puts back what belongs to an open file or folder.
  func apply(
    _ record: FileRecord, to descriptor: borrowing Descriptor, _ report: inout RestoreReport
  ) {
    let number = descriptor.number
    let path = record.path
    var mode = record.mode
    if let owner = owner(of: record, &report) {
      do {
        _ = try Errno.check { fchown(number, owner.user, owner.group) }
      } catch {
        report.note(.owner(error), path)
        mode &= ~0o6000
      }
    } else {
      // Such a bit would let others act as whoever restores, not as the owner it was meant for.
      mode &= ~0o6000
    }
    let site = AttributeSite.descriptor(number)
    apply(record.attributes.filter { !Self.isACL($0) }, at: site, path, &report)
    do {
      _ = try Errno.check { fchmod(number, mode_t(mode)) }
    } catch {
      report.note(.mode(error), path)
    }
    apply(record.attributes.filter(Self.isACL), at: site, path, &report)
    do {
      let times = Self.times(record.modified)
      _ = try Errno.check { unsafe futimens(number, times) }
    } catch {
      report.note(.time(error), path)
    }
  }

  /// Puts back what belongs to a symbolic link or a pipe, which have no descriptor.
  func apply(
    _ record: FileRecord, to name: [UInt8], in folder: borrowing DirectoryHandle,
    _ report: inout RestoreReport
  ) {
    let number = folder.descriptor.number
    let path = record.path
    var mode = record.mode
    if let owner = owner(of: record, &report) {
      do {
        _ = try unsafe folder.call(name) {
          unsafe fchownat(number, $0, owner.user, owner.group, AT_SYMLINK_NOFOLLOW)
        }
      } catch {
        report.note(.owner(error), path)
        mode &= ~0o6000
      }
    } else {
      mode &= ~0o6000
    }
    let site = AttributeSite.path(folder.procPath(of: name))
    apply(record.attributes.filter { !Self.isACL($0) }, at: site, path, &report)
    // A symbolic link has no mode of its own on Linux.
    if record.kind == .fifo {
      do {
        _ = try unsafe folder.call(name) {
          unsafe fchmodat(number, $0, mode_t(mode), AT_SYMLINK_NOFOLLOW)
        }
      } catch {
        report.note(.mode(error), path)
      }
    }
    apply(record.attributes.filter(Self.isACL), at: site, path, &report)
    do {
      let times = Self.times(record.modified)
      _ = try unsafe folder.call(name) {
        unsafe utimensat(number, $0, times, AT_SYMLINK_NOFOLLOW)
      }
    } catch {
      report.note(.time(error), path)
    }
  }

  private static func isACL(_ attribute: ExtendedAttribute) -> Bool {
    attribute.name == AttributeSite.accessACL || attribute.name == AttributeSite.defaultACL
  }

  /// The access time is set, too: reading to restore is no access, and leaving it out is no option.
  private static func times(_ modified: FileTime) -> [timespec] {
    [modified.timespec, modified.timespec]
  }

  private func apply(
    _ attributes: [ExtendedAttribute], at site: AttributeSite, _ path: RelativePath,
    _ report: inout RestoreReport
  ) {
    for attribute in attributes {
      do {
        try site.set(attribute)
      } catch {
        report.note(.attribute(String(decoding: attribute.name, as: UTF8.self), error), path)
      }
    }
  }

  private func owner(
    of record: FileRecord, _ report: inout RestoreReport
  ) -> (user: UInt32, group: UInt32)? {
    guard restoresOwners else {
      report.note(.owners, record.path)
      return nil
    }
    let owner = accounts.owner(of: record)
    for name in owner.unknown { report.note(.accountName(name), record.path) }
    return (owner.user, owner.group)
  }
}
