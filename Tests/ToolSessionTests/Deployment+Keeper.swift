extension Deployment {
  /// Runs a verb of `coffer-store` on this host's store.
  func keeper(
    _ arguments: String..., while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.store, environment: environment)
      .run(arguments + ["--store", store.path], while: body)
  }

  /// Runs a verb of `coffer-store` on this host's store, trusting its key.
  func trustingKeeper(
    _ arguments: String..., while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.store, environment: environment).run(
      arguments + ["--store", store.path, "--trust", path("keys/host.pub")], while: body)
  }
}
