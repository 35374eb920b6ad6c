import Custody
import Dispatch
import Glibc

/// Where tests have the process end or a change fail; nothing of it is in a release build.
enum FaultInjection {
  #if DEBUG
    /// `kill:STEP` ends the process at a step as a power cut would, `fail:STEP` has the step fail;
    /// `kill:reencrypting@N` and `interrupt:reencrypting@N` do so when N percent of the data are
    /// encrypted anew, the latter as ^C does; `crash:reencrypting@N` ends it in the middle of the next
    /// piece.
    static var checkpoints: Checkpoints {
      guard let wish = unsafe getenv("COFFER_FAULT") else { return Checkpoints() }
      let text = unsafe String(cString: wish)
      return Checkpoints { step in
        if text == "kill:\(step.rawValue)" { kill(getpid(), SIGKILL) }
        if text == "fail:\(step.rawValue)" { throw InjectedFault() }
      } progressed: { percent in
        if percent == 100 { return }
        if reached(text, "kill:reencrypting@", percent) { kill(getpid(), SIGKILL) }
        if reached(text, "crash:reencrypting@", percent) {
          DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(3)) {
            kill(getpid(), SIGKILL)
          }
        }
        if reached(text, "interrupt:reencrypting@", percent) {
          kill(getpid(), SIGTERM)
          // Signals are heard on another thread.
          usleep(200_000)
        }
      }
    }

    private static func reached(_ text: String, _ prefix: String, _ percent: Int) -> Bool {
      guard text.hasPrefix(prefix), let wanted = Int(text.dropFirst(prefix.count)) else {
        return false
      }
      return percent >= wanted
    }

    private struct InjectedFault: Error {}
  #else
    static let checkpoints = Checkpoints()
  #endif
}
