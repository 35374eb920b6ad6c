import Foundation
import ProofTools

extension Deployment {
  /// Makes an officer who will leave, for whom the compartment `core` is sealed, too, and one who will come.
  func changeOfOfficers() throws -> (leaver: Officer, newcomer: Officer) {
    let (leaver, newcomer) = (
      try Officer("leaver", in: folder), try Officer("newcomer", in: folder)
    )
    coreOfficers = [officers, leaver]
    try configure()
    return (leaver, newcomer)
  }

  /// Writes a policy that gives the compartment `core` to some officers.
  func policy(for officers: [Officer], called name: String = "policy.json") throws -> String {
    let recipients = officers.map { "\"\($0.recipient)\"" }.joined(separator: ", ")
    let text = """
      {"recipients": {"officers": [\(recipients)]},
       "compartments": {"core": {"recipients": "officers"}}}
      """
    try folder.write(text, to: name)
    return path(name)
  }

  /// Rewraps the compartment `core` for some officers, as one who opens it.
  func rewrap(
    for officers: [Officer], as officer: Officer, _ arguments: String..., of store: Store? = nil,
    while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    let policy = try policy(for: officers)
    let all =
      [
        "recipients", "rewrap", "--store", (store ?? self.store).path,
        "--trust", path("keys/host.pub"), "--policy", policy, "--identity", officer.identity,
        "--state", path("custody"),
      ] + arguments
    return try await Program(path: BuiltTools.custody, environment: environment)
      .run(all, while: body)
  }

  /// The public key of the officer who rewraps.
  var officerKey: String { path("custody/record.pub") }
}
