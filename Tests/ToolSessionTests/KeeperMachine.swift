import Foundation
import ProofTools
import Subprocess
import Testing

/// A keeper's machine at the other end of a real `sshd`, in a folder: no port, no account, no agent.
///
/// `ssh` reaches it through a ProxyCommand that starts `sshd -i`. Which host may do what stands in
/// `authorized_keys`, as on any machine.
final class KeeperMachine {
  let folder: ScratchFolder
  private var lines: [String] = []

  init() throws {
    folder = try ScratchFolder()
    for name in ["machine", "host"] { try Self.keygen(folder.path(of: name)) }
    let user = NSUserName()
    let server = """
      HostKey \(path("machine"))
      AuthorizedKeysFile \(path("authorized_keys"))
      StrictModes no
      UsePAM no
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      PidFile none
      PermitRootLogin prohibit-password
      PermitUserEnvironment no

      """
    try folder.write(server, to: "sshd_config")
    let program = try #require(StockTool("sshd", in: ["/usr/sbin", "/usr/local/sbin"])).path
    let client = """
      Host keeper
        User \(user)
        ProxyCommand \(program) -i -e -f \(path("sshd_config")) 2>>\(path("sshd.log"))
        IdentityFile \(path("host"))
        IdentitiesOnly yes
        UserKnownHostsFile \(path("known_hosts"))
        GlobalKnownHostsFile /dev/null

      """
    try folder.write(client, to: "ssh_config")
    let key = try folder.readText("machine.pub").split(separator: " ").prefix(2)
    try folder.write("keeper \(key.joined(separator: " "))\n", to: "known_hosts")
    // A separation folder that sshd insists on, and that only a service's start makes.
    if getuid() == 0 {
      try FileManager.default.createDirectory(
        atPath: "/run/sshd", withIntermediateDirectories: true)
    }
    // The tools find this ssh first; it is the system's, with a configuration of its own.
    let ssh = try #require(StockTool("ssh")).path
    try folder.write("#!/bin/sh\nexec \(ssh) -F \(path("ssh_config")) \"$@\"\n", to: "ssh")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: path("ssh"))
  }

  /// Where something of this machine lies.
  func path(_ name: String) -> String { folder.path(of: name) }

  var store: Store { Store(path: path("store")) }

  /// What a tool's environment must be for it to find this machine.
  var environment: [String: String] {
    let search = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return ["PATH": "\(path("")):\(search)"]
  }

  /// How a host names its store here.
  var address: String { "ssh://keeper\(path("store"))" }

  /// Lets a host in, with a forced command, in place of whom was let in before.
  func admit(
    _ host: Deployment, quota: String = "1G", patience: Int = 60, state: String? = nil
  ) throws {
    try admit(
      hostKey: host.path("keys/host.pub"), quota: quota, patience: patience, state: state)
  }

  func admit(
    hostKey: String, quota: String = "1G", patience: Int = 60, state: String? = nil
  ) throws {
    try FileManager.default.createDirectory(
      atPath: path("hosts"), withIntermediateDirectories: true)
    // The shell's number is the server's, which some proofs have to kill.
    let command =
      "echo $$ > \(path("server.pid")); exec \(BuiltTools.store) receive --store \(path("store")) --host \(hostKey) --quota \(quota) "
      + "--patience \(patience)" + (state.map { " --state \($0)" } ?? "")
    let key = try folder.readText("host.pub")
    try folder.write("restrict,command=\"\(command)\" \(key)", to: "authorized_keys")
  }

  /// Runs a verb of `coffer-store` on this machine.
  func run(
    _ arguments: [String], while body: (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Program.Outcome {
    try await Program(path: BuiltTools.store).run(
      arguments + ["--store", store.path], while: body)
  }

  /// The server that was started last.
  var serverProcess: Int32 {
    get throws {
      let text = try folder.readText("server.pid").trimmingCharacters(in: .whitespacesAndNewlines)
      return try #require(Int32(text))
    }
  }

  private static func keygen(_ path: String) throws {
    let keygen = try #require(StockTool("ssh-keygen"))
    let outcome = try keygen.run(["-q", "-t", "ed25519", "-N", "", "-f", path])
    try #require(outcome.status == 0, "\(outcome)")
  }
}

extension Deployment {
  /// Writes the configuration file anew, with the store at a keeper's.
  func configure(for keeper: KeeperMachine) throws {
    try configure()
    try moveStore(to: keeper)
  }

  private func moveStore(to keeper: KeeperMachine) throws {
    let own = "store: \(path("store"))\n"
    let yaml = try folder.readText("coffer.yaml")
    try write(yaml.replacing(own, with: "store: \(keeper.address)\n"), to: "coffer.yaml")
  }

  /// Has this host's nights go to a keeper's machine, which lets it in.
  func sendNights(to keeper: KeeperMachine, quota: String = "1G") async throws {
    environment.merge(keeper.environment) { $1 }
    try moveStore(to: keeper)
    // The host key is made before the store: its public half is what the keeper is given.
    _ = try await backup("init")
    try keeper.admit(self, quota: quota)
    try await backup("init").expect(0)
  }
}
