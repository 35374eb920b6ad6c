internal import CustodyRecords
internal import LocalFiles
internal import SecretMemory
package import SystemPackage
internal import Vocabulary

/// A folder that header backups are kept in.
package struct HeaderBackupFolder: Sendable {
  private let folder: FilePath

  package init(_ folder: FilePath) {
    self.folder = folder
  }

  /// The backups of a volume, the newest first.
  ///
  /// - Throws: `OperatorError` `header.unreadable` where the folder cannot be read.
  package func backups(of uuid: String) throws -> [StoredHeaderBackup] {
    let names: [String]
    do {
      names = try LocalPath(folder).names()
    } catch {
      throw OperatorError(
        "header.unreadable", .failed, "cannot read the folder \(folder): \(error)")
    }
    return
      names
      .filter { $0.hasPrefix("\(uuid)-") && $0.hasSuffix(HeaderBackup.ending) }
      // The time stands behind the UUID, so that the order of names is that of time.
      .sorted(by: >)
      .map { StoredHeaderBackup(folder.appending($0)) }
  }
}

/// A header backup as it is found: the age file, and the facts beside it where they can be read.
package struct StoredHeaderBackup: Sendable {
  /// The age file.
  package let file: FilePath
  /// What the plain file beside it says; nil where there is none, or it is none.
  package let facts: HeaderBackupFacts?

  package init(_ file: FilePath) {
    self.file = file
    let bytes = try? LocalPath(HeaderBackup.factsFile(of: file)).read()
    let facts = bytes.flatMap { try? JSONDocument.decode(HeaderBackupFacts.self, from: $0) }
    self.facts = facts.flatMap { $0.isReadable ? $0 : nil }
  }

  /// The bytes of the age file, which are what the facts say of them.
  ///
  /// - Throws: `OperatorError` `header.unreadable` or `header.backup-damaged`.
  func bytes() throws -> [UInt8] {
    let bytes: [UInt8]
    do {
      bytes = try LocalPath(file).read()
    } catch {
      throw OperatorError("header.unreadable", .failed, "cannot read \(file): \(error)")
    }
    guard let facts else { return bytes }
    guard SHA256Hasher.digest(of: bytes) == facts.ageSHA256 else {
      throw damaged("is not the file that was written: it has another SHA-256")
    }
    return bytes
  }

  func damaged(_ why: String) -> OperatorError {
    OperatorError(
      "header.backup-damaged", .mismatch, "the header backup \(file) \(why)",
      hint: "take another copy of it, or another backup")
  }
}
