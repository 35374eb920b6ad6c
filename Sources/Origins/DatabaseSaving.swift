import PostgreSQL
import Repository
import SecretMemory
import Vocabulary

/// A database that is saved, and may have been read ahead of its turn.
struct DatabaseSaving: ReadAhead {
  let conninfo: String
  let profile: DatabaseProfile
  /// The dump that was begun ahead; nil where none was.
  let begun: DatabaseReading?

  /// Dumps, and once more where the dump failed: a table that is dropped between the snapshot and
  /// `pg_dump`'s locks ends it, and Synapse's background updates make and drop tables.
  func save(with context: SavingContext) async throws -> SavedSource {
    if let begun {
      var isStored = false
      do {
        return try await store(begun, context, notes: []) { isStored = true }
      } catch let error as OperatorError where !isStored && error.status != .interrupted {
        // It may have been in the way of the one before, whose connections are free by now.
      } catch let error as OperatorError where error.code == "postgres.dump-failed" {
        return try await storeAgain(context, after: error)
      }
    }
    do {
      return try await store(DatabaseReading(conninfo, profile), context, notes: [])
    } catch let error as OperatorError where error.code == "postgres.dump-failed" {
      return try await storeAgain(context, after: error)
    }
  }

  func end() async {
    await begun?.end()
  }

  private func storeAgain(
    _ context: SavingContext, after error: OperatorError
  ) async throws -> SavedSource {
    try context.interruption.check()
    // Its moment has to come after this one's, which is yet to be.
    await context.next.end()
    return try await store(
      DatabaseReading(conninfo, profile), context,
      notes: ["was dumped again, for \(error.message)"])
  }

  private func store(
    _ reading: DatabaseReading, _ context: SavingContext, notes earlier: [String],
    onFirstPiece: () -> Void = {}
  ) async throws -> SavedSource {
    var stream = context.writer.begin(.fine)
    var isFirst = true
    let found = try await reading.eachPiece(until: context.interruption) { piece in
      if isFirst {
        // From now on this dump needs no more connections, and its moment is past.
        context.next.begin()
        onFirstPiece()
        isFirst = false
      }
      try piece.withBytes { try stream.write($0) }
      context.meter.advance(bytes: piece.count)
    }
    let stored = try stream.finish()
    if let mediaRows = found.mediaRows { context.night.mediaRows = mediaRows }
    var notes = earlier
    let missing = found.missing
    notes += (missing.vital + missing.watched.filter { !missing.vital.contains($0) }).map {
      "the profile '\(profile.name)' expects a table '\($0)', which is not there"
    }
    if !profile.excludedData.isEmpty {
      notes.append("rows left out: \(profile.excludedData.joined(separator: ", "))")
    }
    return SavedSource(
      content: stored.content, bytes: stored.content.size, files: 1,
      facts: try JSONDocument.value(
        of: PostgresOrigin.Facts(database: found.facts, figures: found.figures)),
      packs: stored.packs, notes: notes)
  }
}
