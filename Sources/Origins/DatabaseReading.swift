import PostgreSQL
import SecretMemory
import Vocabulary

/// A dump that is being made, up to `PieceQueue.room` ahead of whoever stores it.
///
/// Its moment, its figures and what is asked of the server are all of one exported snapshot, which lasts
/// until `pg_dump` has ended.
final class DatabaseReading: Sendable {
  /// What is known of a dump that went well.
  struct Findings: Sendable {
    let facts: DatabaseFacts
    let missing: MissingTables
    let figures: ContentFigures
    /// Paths of the media that the database has rows for; nil where it is not Synapse's.
    let mediaRows: Set<String>?
  }

  private let pieces: PieceQueue
  private let task: Task<Findings, any Error>

  /// Begins to dump.
  init(_ conninfo: String, _ profile: DatabaseProfile) {
    let pieces = PieceQueue()
    self.pieces = pieces
    task = Task(executorPreference: WaitingThreads()) {
      defer { pieces.finish() }
      return try await Self.read(conninfo, profile, into: pieces)
    }
  }

  /// Hands on the dump, piece by piece to its end.
  ///
  /// Where it throws, `pg_dump` has ended.
  /// - Returns: what was found.
  /// - Throws: what the database, `pg_dump` and `take` throw; `interrupted`.
  func eachPiece(
    until interruption: Interruption, _ take: ([UInt8]) throws -> Void
  ) async throws -> Findings {
    // A server that makes `pg_dump` wait, for a lock, sends nothing to look up from.
    interruption.whenRequested { self.stop() }
    defer { interruption.whenRequested {} }
    do {
      return try await withTaskCancellationHandler {
        try interruption.check()
        while let piece = await pieces.next() {
          try interruption.check()
          try take(piece)
          pieces.reuse(piece)
        }
        return try await task.value
      } onCancel: {
        stop()
      }
    } catch {
      await end()
      try interruption.check()
      throw error
    }
  }

  /// Ends the dump, and waits until nothing of it is left.
  func end() async {
    stop()
    _ = await task.result
  }

  private func stop() {
    task.cancel()
    pieces.close()
  }

  private static func read(
    _ conninfo: String, _ profile: DatabaseProfile, into pieces: PieceQueue
  ) async throws -> Findings {
    let snapshot = try ExportedSnapshot(conninfo: conninfo)
    defer { snapshot.close() }
    let program = try await DumpProgram(serverVersion: snapshot.connection.serverVersion)
    let facts = try DatabaseFacts.gather(in: snapshot)
    let missing = try profile.missingTables(in: snapshot.connection)
    var observer = DumpArchiveObserver()
    try await program.dump(
      conninfo, snapshot: snapshot.id, encoding: facts.locale.encoding,
      excludedData: profile.excludedData
    ) { piece in
      try pieces.put(piece)
      observer.observe(piece)
    }
    var mediaRows: Set<String>?
    if profile.name == "synapse", !missing.vital.contains("local_media_repository") {
      var paths: Set<String> = []
      try SynapseChecks(snapshot.connection).eachMediaRow { paths.insert($0.path) }
      mediaRows = paths
    }
    return Findings(
      facts: facts, missing: missing, figures: try observer.finish(), mediaRows: mediaRows)
  }
}
