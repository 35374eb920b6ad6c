import ProofTools
import Testing
import Vocabulary

@testable import Stores

@Suite("Addresses of stores that ssh reaches")
struct SSHAddressTests {
  @Test("user, host, port and path are told apart")
  func parts() throws {
    let plain = try SSHAddress("ssh://host/srv/coffer")
    #expect(plain.destination == "host" && plain.port == nil && plain.path == "/srv/coffer")
    let full = try SSHAddress("ssh://keeper@host.example:2222/srv/a b")
    #expect(full.destination == "keeper@host.example" && full.port == 2222)
    #expect(full.path == "/srv/a b")
    let six = try SSHAddress("ssh://keeper@[fd00::1]:22/s")
    #expect(six.destination == "keeper@fd00::1" && six.port == 22)
    #expect(try SSHAddress("ssh://[fd00::1]/s").port == nil)
  }

  @Test(
    "what ssh or a shell could take for something else is no address",
    arguments: [
      "ssh://-oProxyCommand=x/y", "ssh://-x@host/y", "ssh://a@-x/y", "ssh://host", "ssh://host/",
      "ssh:///srv", "ssh://a b/c", "ssh://$(x)/c", "ssh://host:0/c", "ssh://host:70000/c",
      "ssh://host:x/c", "ssh://@host/c", "ssh://user@/c", "ssh://host/a\nb", "sftp://host/x",
    ])
  func hostile(text: String) {
    let error = refusal { _ = try SSHAddress(text) }
    #expect(error?.code == "store.address" && error?.status == .usage)
  }
}
