import Custody
import Glibc

/// Where tests have the process end or a change fail; nothing of it is in a release build.
enum FaultInjection {
  #if DEBUG
    /// `kill:STEP` ends the process at a step as a power cut would, `fail:STEP` has the step fail.
    static var checkpoints: Checkpoints {
      guard let wish = unsafe getenv("COFFER_FAULT") else { return Checkpoints() }
      let text = unsafe String(cString: wish)
      return Checkpoints { step in
        if text == "kill:\(step.rawValue)" { kill(getpid(), SIGKILL) }
        if text == "fail:\(step.rawValue)" { throw InjectedFault() }
      }
    }

    private struct InjectedFault: Error {}
  #else
    static let checkpoints = Checkpoints()
  #endif
}
