import DequeModule
import FileTrees
import Repository

/// Lines of a list of files, in its order, some of them of files whose content is on its way.
struct WaitingLines {
  /// A file that was read.
  struct File {
    /// All but digest, where it has no holes, and reference.
    var record: FileRecord
    /// What a catalog should remember it by; nil where it must be read again.
    let stamp: [UInt8]?
    let content: PendingContent
  }

  /// A line, or what it will be made of.
  enum Item {
    case known([UInt8])
    case file(File)
  }

  /// So many small files may be on their way.
  private static let most = 4096

  private var items = Deque<Item>()

  /// The oldest, whether it is ready or not.
  var oldest: Item? { items.first }

  /// The oldest, where it is ready, or cannot be waited for longer.
  var due: Item? {
    guard let oldest else { return nil }
    if case .file(let file) = oldest, file.content.stored == nil, items.count < Self.most {
      return nil
    }
    return oldest
  }

  mutating func append(_ item: Item) {
    items.append(item)
  }

  mutating func removeOldest() {
    items.removeFirst()
  }
}
