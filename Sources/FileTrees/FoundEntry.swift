internal import Glibc
internal import SystemPackage

/// One file that a walk came upon, lent to the visitor for the length of its call.
///
/// What it offers is fetched when asked for: an unchanged file costs one `lstat` and nothing more.
package struct FoundEntry: ~Copyable {
  /// Where it lies.
  package let path: RelativePath
  /// What `lstat` said when its folder was listed.
  package let status: FileStatus
  /// The earlier name of the same inode, where this walk already came upon one and its visit did
  /// not end in a problem.
  package let firstLink: RelativePath?

  let name: [UInt8]
  let folder: OpenFolder
  /// The entry itself, where it is a folder that could be opened.
  let opened: OpenFolder?
  let accounts: AccountNames

  /// Describes the file, content left out; a later name of an inode as a hard link to the first.
  /// - Parameter asLink: false where the visitor kept no record of the first name.
  /// - Returns: the record; of a regular file with the size and holes it has now.
  /// - Throws: `FileProblem`, which a visitor may let through: the walk reports it and goes on.
  package func record(asLink: Bool = true) throws(FileProblem) -> FileRecord {
    if asLink, let firstLink {
      return FileRecord(
        path, kind: .hardLink(to: firstLink), status, attributes: [], accounts: accounts)
    }
    do {
      let kind: FileRecord.Kind
      switch status.kind {
      case .directory: kind = .directory
      case .symbolicLink:
        do {
          kind = .symbolicLink(target: try folder.handle.target(ofLink: name))
        } catch Errno.invalidArgument {
          throw FileProblem(path, .replaced)
        }
      case .fifo:
        guard try folder.handle.status(of: name).kind == .fifo else {
          throw FileProblem(path, .replaced)
        }
        kind = .fifo
      case .regular: return try open().record()
      default: throw FileProblem(path, .notKept(status.kind))
      }
      let attributes = try attributeSite.readAll()
      return FileRecord(path, kind: kind, status, attributes: attributes, accounts: accounts)
    } catch let error as Errno {
      throw FileProblem(path, failing: error)
    } catch let problem as FileProblem {
      throw problem
    } catch {
      throw FileProblem(path, .replaced)
    }
  }

  private var attributeSite: AttributeSite {
    if let opened { return .descriptor(opened.handle.descriptor.number) }
    return .path(folder.handle.procPath(of: name))
  }

  /// Opens a regular file to be read.
  /// - Throws: `FileProblem`: `.vanished`, `.unreadable`, or `.replaced` where it is none any more.
  package func open() throws(FileProblem) -> FileReader {
    let descriptor: Descriptor
    do {
      descriptor = try folder.handle.openQuietly(name, O_RDONLY)
    } catch Errno.tooManySymbolicLinkLevels, Errno.noSuchAddressOrDevice {
      // A link, a socket.
      throw FileProblem(path, .replaced)
    } catch {
      throw FileProblem(path, failing: error)
    }
    return try FileReader(path, descriptor, accounts: accounts)
  }
}
