import FileTrees
import Glibc

/// One file held against what was saved of it.
struct ComparedFile: Sendable {
  typealias Problem = (check: String, text: String)

  let path: RelativePath
  /// What is wrong with it; nil where nothing is.
  private(set) var problem: Problem?
  /// The first attribute that was saved and is not there.
  private(set) var missingAttribute: String?

  /// Compares a file.
  /// - Parameters:
  ///   - file: what was saved.
  ///   - folder: where it should be; nil where that is not there.
  ///   - first: where the first name of a hard link should be.
  ///   - metadata: compares what is not content.
  init(
    _ file: FileRecord, in folder: OpenFolder?, first: OpenFolder?, _ metadata: MetadataComparison
  ) {
    path = file.path
    // The root is a name in itself.
    let name = path.isRoot ? [UInt8(ascii: ".")] : path.name
    guard let folder, let status = try? folder.handle.status(of: name) else {
      problem = ("files.missing", "is missing")
      return
    }
    switch file.kind {
    case .hardLink(let path):
      problem = Self.problem(with: status, linkedTo: path, in: first)
    case .regular:
      problem = content(of: file, status, name, in: folder, metadata)
    case .directory, .symbolicLink, .fifo:
      problem = kind(of: file, status, name, in: folder)
      if problem == nil {
        problem = take(try? metadata.differences(file, status, of: name, in: folder.handle))
      }
    }
  }

  private static func problem(
    with status: FileStatus, linkedTo first: RelativePath, in folder: OpenFolder?
  ) -> Problem? {
    guard let other = try? folder?.handle.status(of: first.name),
      (other.stamp.device, other.stamp.inode) == (status.stamp.device, status.stamp.inode)
    else { return ("files.kind", "is no hard link to \(first)") }
    return nil
  }

  private func kind(
    of file: FileRecord, _ status: FileStatus, _ name: [UInt8], in folder: OpenFolder
  ) -> Problem? {
    switch file.kind {
    case .directory:
      return status.kind == .directory ? nil : ("files.kind", "is no folder")
    case .symbolicLink(let target):
      guard status.kind == .symbolicLink else { return ("files.kind", "is no symbolic link") }
      return (try? folder.handle.target(ofLink: name)) == target
        ? nil : ("files.differ", "points elsewhere")
    case .fifo:
      return status.kind == .fifo ? nil : ("files.kind", "is no pipe")
    case .regular, .hardLink:
      return status.kind == .regular ? nil : ("files.kind", "is no regular file")
    }
  }

  private mutating func content(
    of file: FileRecord, _ status: FileStatus, _ name: [UInt8], in folder: OpenFolder,
    _ metadata: MetadataComparison
  ) -> Problem? {
    if let problem = kind(of: file, status, name, in: folder) { return problem }
    guard status.stamp.size == file.size else {
      return ("files.differ", "is \(status.stamp.size) bytes long, \(file.size) were saved")
    }
    do {
      let open = try folder.handle.openAsOwner(name)
      guard try open.lend({ try $0.sha256(ofSize: Int(file.size)) }) == file.sha256 else {
        return ("files.differ", "has other content than was saved")
      }
      return take(try? metadata.differences(file, status, of: open))
    } catch {
      return ("files.unreadable", "cannot be read")
    }
  }

  private mutating func take(_ differences: [MetadataComparison.Difference]?) -> Problem? {
    guard let differences else {
      return ("files.unreadable", "has attributes that cannot be read")
    }
    var missing: String?
    for difference in differences {
      switch difference {
      case .mode: return ("files.mode", "has another mode than was saved")
      case .owner: return ("files.owner", "has another owner or group than was saved")
      case .time: return ("files.time", "has another modification time than was saved")
      case .attribute(let name): return ("files.attributes", "has another \(name) than was saved")
      case .missingAttribute(let name): missing = missing ?? name
      }
    }
    missingAttribute = missing
    return nil
  }
}
