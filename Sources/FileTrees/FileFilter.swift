/// What a walk leaves out: whole paths, with all that lies below them.
///
/// No patterns: what a pattern matches changes behind the operator's back, and a backup that leaves
/// out too much is noticed too late. The walk says what it left out.
package struct FileFilter: Sendable {
  private let excluded: Set<RelativePath>
  /// Bytes of the longest path: what is longer need not be looked up.
  private let longest: Int

  /// Leaves these paths out, each with all below it.
  package init(excluding paths: some Sequence<RelativePath>) {
    excluded = Set(paths)
    longest = excluded.reduce(-1) { max($0, $1.bytes.count) }
  }

  /// Leaves nothing out.
  package static let everything = FileFilter(excluding: [])

  /// Leaves out what Synapse can fetch or make again: copies of other servers' media, and previews.
  ///
  /// `local_thumbnails` stays in: Synapse makes those only at upload unless told otherwise.
  package static let synapseMedia = FileFilter(
    excluding: [
      "remote_content", "remote_thumbnail", "remote_thumbnails", "url_cache",
      "url_cache_thumbnails",
    ].map { RelativePath(checked: Array($0.utf8)) })

  /// This filter and another one together.
  package func union(_ other: FileFilter) -> FileFilter {
    FileFilter(excluding: excluded.union(other.excluded))
  }

  /// Whether this very path is named; a walk that obeys never asks about what lies below.
  package func excludes(_ path: RelativePath) -> Bool {
    path.bytes.count <= longest && excluded.contains(path)
  }
}
