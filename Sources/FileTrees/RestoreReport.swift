package import SystemPackage

/// Something a restore could not put back, with how often it happened.
///
/// Counted, not listed: a target without attributes would otherwise give a note for every file.
package struct RestoreNote: Hashable, Sendable {
  /// What was not put back.
  package enum Loss: Hashable, Sendable {
    /// Owners, for only root may give files away. Set-user-id and set-group-id went with them.
    case owners
    /// A user or group name is unknown here; the number was used.
    case accountName(String)
    /// The system refused an owner.
    case owner(Errno)
    /// The system refused a mode.
    case mode(Errno)
    /// The system refused an attribute or ACL.
    case attribute(String, Errno)
    /// The system refused a time.
    case time(Errno)
    /// A folder had no record of its own, and was made for its owner alone.
    case folderRecord
  }

  /// What was not put back.
  package let loss: Loss
  /// The first file it happened to.
  package private(set) var firstPath: RelativePath
  /// How many files it happened to.
  package private(set) var count: Int

  init(loss: Loss, firstPath: RelativePath, count: Int) {
    (self.loss, self.firstPath, self.count) = (loss, firstPath, count)
  }

  /// Adds the same loss of other files.
  mutating func add(_ other: RestoreNote) {
    count += other.count
    firstPath = min(firstPath, other.firstPath)
  }
}

extension RestoreNote: CustomStringConvertible {
  package var description: String {
    let what =
      switch loss {
      case .owners: "owners are not restored, for that takes root"
      case .accountName(let name): "`\(name)` is not known here, its number was used"
      case .owner(let error): "the owner was refused: \(error)"
      case .mode(let error): "the mode was refused: \(error)"
      case .attribute(let name, let error): "the attribute \(name) was refused: \(error)"
      case .time(let error): "the time was refused: \(error)"
      case .folderRecord: "a folder is not in the list, and was made for its owner alone"
      }
    return count == 1 ? "\(firstPath): \(what)" : "\(firstPath) and \(count - 1) more: \(what)"
  }
}

/// What a restore put back.
package struct RestoreReport: Hashable, Sendable {
  /// Regular files.
  package internal(set) var files = 0
  /// Folders, the target not counted.
  package internal(set) var folders = 0
  /// Symbolic links, further names of a file, and pipes.
  package internal(set) var links = 0
  /// Bytes of data written, holes left out.
  package internal(set) var bytes: Int64 = 0
  /// What could not be put back, in the order of the list.
  package internal(set) var notes: [RestoreNote] = []

  mutating func note(_ loss: RestoreNote.Loss, _ path: RelativePath) {
    add(RestoreNote(loss: loss, firstPath: path, count: 1))
  }

  /// Adds what was put back elsewhere.
  mutating func add(_ other: RestoreReport) {
    files += other.files
    folders += other.folders
    links += other.links
    bytes += other.bytes
    for note in other.notes { add(note) }
  }

  /// Puts the notes in order: files are not met in that of the list.
  mutating func sortNotes() {
    notes.sort { $0.firstPath < $1.firstPath }
  }

  private mutating func add(_ note: RestoreNote) {
    if let index = notes.firstIndex(where: { $0.loss == note.loss }) {
      notes[index].add(note)
    } else if notes.count < 1000 {
      // A hostile list could name ever new attributes; a thousand kinds of loss say enough.
      notes.append(note)
    }
  }
}
