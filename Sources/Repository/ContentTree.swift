import SecretMemory

/// The lists of chunk ids above content, cut where the ids say, so that lists are shared between
/// nights as chunks are.
struct ContentTree {
  private static let fewestIDs = 16
  private static let mostIDs = 512

  private(set) var packs: Set<PackHandle> = []
  private var lastPack: PackHandle?
  private var levels: [Level] = []

  /// The ids that wait at one height for their list to be cut.
  private struct Level {
    var waiting: [ChunkID] = []
    var listsWritten = 0
  }

  mutating func append(_ id: ChunkID, in pack: PackHandle, _ writer: CompartmentWriter) throws {
    note(pack)
    try append(id, at: 0, writer)
  }

  mutating func finish(_ writer: CompartmentWriter) throws -> ContentReference {
    var height = 0
    while height < levels.count {
      if levels[height].listsWritten == 0, levels[height].waiting.count == 1 {
        return .tree(depth: height, root: levels[height].waiting[0])
      }
      if !levels[height].waiting.isEmpty { try cut(height, writer) }
      height += 1
    }
    return .empty
  }

  private mutating func append(_ id: ChunkID, at height: Int, _ writer: CompartmentWriter) throws {
    if levels.count == height { levels.append(Level()) }
    levels[height].waiting.append(id)
    let count = levels[height].waiting.count
    guard count >= Self.fewestIDs, id.lotteryByte & 63 == 0 || count == Self.mostIDs else {
      return
    }
    try cut(height, writer)
  }

  private mutating func cut(_ height: Int, _ writer: CompartmentWriter) throws {
    var list: [UInt8] = []
    list.reserveCapacity(levels[height].waiting.count * ChunkID.byteCount)
    for id in levels[height].waiting { id.append(to: &list) }
    levels[height].waiting = []
    levels[height].listsWritten += 1
    let (id, pack) = try list.withBytes { try writer.save($0, .lists) }
    note(pack)
    try append(id, at: height + 1, writer)
  }

  private mutating func note(_ pack: PackHandle) {
    guard pack != lastPack else { return }
    packs.insert(pack)
    lastPack = pack
  }
}
