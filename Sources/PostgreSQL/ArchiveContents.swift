/// An archive's table of contents, read from the start of its stream.
struct ArchiveContents {
  /// The entries in the archive's order; none where the stream cannot be followed.
  private(set) var entries: [ArchiveEntry] = []
  /// The bytes that were taken from the stream to read them.
  private(set) var taken: [UInt8] = []

  /// Reads as much of a stream as the table of contents takes.
  ///
  /// What is no archive, or ends too early, is for `pg_restore` to say.
  /// - Parameter next: gives the stream piece by piece, nil at its end.
  /// - Throws: what `next` throws.
  init(reading next: () throws -> [UInt8]?) throws {
    var header: ArchiveHeader?
    var position = 0
    while let piece = try next() {
      taken += piece
      var cursor = ArchiveCursor(bytes: taken, position: position)
      do throws(ArchiveTrouble) {
        if header == nil {
          header = try ArchiveHeader(&cursor)
          position = cursor.position
        }
        guard let header else { return }
        cursor.integerSize = header.integerSize
        cursor.offsetSize = header.offsetSize
        while entries.count < header.entries {
          entries.append(try ArchiveEntry(&cursor, minorVersion: header.minorVersion))
          position = cursor.position
        }
        return
      } catch .incomplete {
        // Wait for more.
      } catch {
        break
      }
    }
    entries = []
  }
}
