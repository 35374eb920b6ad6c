import Custody
import Dispatch
import Glibc
import SealedSecrets

/// Where tests have the process end or a change fail; nothing of it is in a release build.
enum FaultInjection {
  #if DEBUG
    /// `kill:STEP` ends the process at a step as a power cut would, `fail:STEP` has the step fail;
    /// `kill:reencrypting@N` and `interrupt:reencrypting@N` do so when N percent of the data are
    /// encrypted anew, the latter as ^C does; `crash:reencrypting@N` ends it in the middle of the next
    /// piece.
    static var checkpoints: Checkpoints {
      let wish = wish
      return Checkpoints {
        try meet(wish, at: $0.rawValue)
      } progressed: {
        meet(wish, at: $0)
      }
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

    private static func meet(_ wish: String?, at percent: Int) {
      let parts = (wish ?? "").split(separator: ":reencrypting@")
      guard parts.count == 2, let wanted = Int(parts[1]), percent >= wanted, percent < 100 else {
        return
      }
      switch parts[0] {
      case "kill": kill(getpid(), SIGKILL)
      case "crash":
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(3)) {
          kill(getpid(), SIGKILL)
        }
      case "interrupt":
        kill(getpid(), SIGTERM)
        // Heard on another thread, which then gives the signal its default back.
        var heard = sigaction()
        repeat {
          usleep(1000)
          unsafe sigaction(SIGTERM, nil, &heard)
        } while unsafe heard.__sigaction_handler.sa_handler != nil
      default: return
      }
    }

    private struct InjectedFault: Error {}
  #else
    static let checkpoints = Checkpoints()
    static let sealing = SealingSteps()
  #endif
}
