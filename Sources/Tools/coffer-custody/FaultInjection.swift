import Custody
import Glibc
import SealedSecrets

/// Where tests have the process end or a change fail; nothing of it is in a release build.
enum FaultInjection {
  #if DEBUG
    /// `kill:STEP` ends the process at a step as a power cut would, `fail:STEP` has the step fail.
    static var checkpoints: Checkpoints {
      let wish = wish
      return Checkpoints { try meet(wish, at: $0.rawValue) }
    }

    /// The same for the sealing of other secrets.
    static var sealing: SealingSteps {
      let wish = wish
      return SealingSteps { try meet(wish, at: $0.rawValue) }
    }

    private static var wish: String? {
      unsafe getenv("COFFER_FAULT").map { unsafe String(cString: $0) }
    }

    private static func meet(_ wish: String?, at step: String) throws {
      if wish == "kill:\(step)" { kill(getpid(), SIGKILL) }
      if wish == "fail:\(step)" { throw InjectedFault() }
    }

    private struct InjectedFault: Error {}
  #else
    static let checkpoints = Checkpoints()
    static let sealing = SealingSteps()
  #endif
}
