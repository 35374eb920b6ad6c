internal import Glibc
package import SystemPackage

/// Holds a file's owner, mode, time and attributes against its record, as far as a restore could set
/// them: the counterpart of `MetadataRestorer`.
///
/// Owners and the bits that let others act as them take root. The times of folders are left out, for
/// they change with whatever is put into the folder next; symbolic links have no mode.
package struct MetadataComparison: Sendable {
  /// What is not as it was saved.
  package enum Difference: Hashable, Sendable {
    case mode
    case owner
    /// When the content was last written.
    case time
    /// An attribute or ACL has another value, or is there and was not saved.
    case attribute(String)
    /// An attribute or ACL is not there; not every file system takes them.
    case missingAttribute(String)
  }

  /// Whether owners are compared.
  package let comparesOwners: Bool

  private let accounts = AccountNames()

  /// Prepares a comparison for this process.
  package init() {
    comparesOwners = geteuid() == 0
  }

  /// Compares one file.
  /// - Parameters:
  ///   - record: what was saved; not a hard link, which has no metadata of its own.
  ///   - status: what stands there.
  ///   - name: the file.
  ///   - folder: where it is.
  /// - Returns: what differs; none where nothing does.
  /// - Throws: `Errno` where the attributes cannot be read.
  package func differences(
    _ record: FileRecord, _ status: FileStatus, of name: [UInt8],
    in folder: borrowing DirectoryHandle
  ) throws(Errno) -> [Difference] {
    try differences(record, status, AttributeSite.path(folder.procPath(of: name)))
  }

  /// Compares one file that is open, which takes less.
  /// - Parameters:
  ///   - record: as above.
  ///   - status: what stands there.
  ///   - file: the file.
  /// - Returns: as above.
  /// - Throws: as above.
  package func differences(
    _ record: FileRecord, _ status: FileStatus, of file: borrowing Descriptor
  ) throws(Errno) -> [Difference] {
    try differences(record, status, AttributeSite.descriptor(file.number))
  }

  private func differences(
    _ record: FileRecord, _ status: FileStatus, _ site: AttributeSite
  ) throws(Errno) -> [Difference] {
    var found: [Difference] = []
    let bits: UInt16 = comparesOwners ? 0o7777 : 0o1777
    if status.kind != .symbolicLink, status.mode & bits != record.mode & bits {
      found.append(.mode)
    }
    if comparesOwners {
      let owner = accounts.owner(of: record)
      if (status.userID, status.groupID) != (owner.user, owner.group) { found.append(.owner) }
    }
    if status.kind != .directory, !status.stamp.modified.isStored(record.modified) {
      found.append(.time)
    }
    let attributes = try site.readAll()
    if record.attributes.isEmpty && attributes.isEmpty { return found }
    return found + Self.differences(record.attributes, attributes)
  }

  private static func differences(
    _ saved: [ExtendedAttribute], _ found: [ExtendedAttribute]
  ) -> [Difference] {
    let there = Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.value) })
    var differences = saved.compactMap { attribute -> Difference? in
      let name = String(decoding: attribute.name, as: UTF8.self)
      guard let value = there[attribute.name] else { return .missingAttribute(name) }
      return value == attribute.value ? nil : .attribute(name)
    }
    let known = Set(saved.map(\.name))
    for attribute in found where !known.contains(attribute.name) {
      let name = String(decoding: attribute.name, as: UTF8.self)
      // The system labels files by itself.
      if !name.hasPrefix("security.") && !name.hasPrefix("trusted.") {
        differences.append(.attribute(name))
      }
    }
    return differences
  }
}

extension FileTime {
  /// Whether this is what a file system makes of a time: many keep no single nanoseconds.
  func isStored(_ time: FileTime) -> Bool {
    seconds == time.seconds
      && [1, 100, 1000, 1_000_000, 1_000_000_000].contains {
        time.nanoseconds / $0 * $0 == nanoseconds
      }
  }
}
