import Dispatch
import Glibc
import Synchronization
import Vocabulary

/// One line on the operator's terminal, drawn anew twice a second: bytes, rate, time left.
///
/// Where standard error is no terminal, nothing is ever drawn: a log wants no progress.
final class ProgressLine: Sendable {
  private struct State {
    var timer: (any DispatchSourceTimer)?
    var label = ""
    var started = ContinuousClock.now
    var isDrawn = false
  }

  private let meter: ProgressMeter
  private let isVisible = isatty(STDERR_FILENO) == 1
  private let state = Mutex(State())

  init(_ meter: ProgressMeter) {
    self.meter = meter
  }

  /// Begins to draw, under a label.
  func start(_ label: String) {
    guard isVisible else { return }
    state.withLock { state in
      state.label = label
      state.started = .now
      guard state.timer == nil else { return }
      let timer = DispatchSource.makeTimerSource()
      timer.schedule(deadline: .now() + 0.5, repeating: 0.5)
      timer.setEventHandler { [weak self] in self?.draw() }
      timer.resume()
      state.timer = timer
    }
  }

  /// Takes the line away while something else is printed.
  func pause(_ body: () -> Void) {
    state.withLock { state in
      if state.isDrawn { write("\r\u{1B}[K", to: STDERR_FILENO) }
      state.isDrawn = false
      body()
    }
  }

  /// Ends the drawing.
  func stop() {
    pause {}
    state.withLock { state in
      state.timer?.cancel()
      state.timer = nil
    }
  }

  private func draw() {
    let reading = meter.reading
    state.withLock { state in
      let seconds = max(0.001, (ContinuousClock.now - state.started) / .seconds(1))
      let rate = Double(reading.bytes) / seconds
      var text = "\(state.label): \(ByteText(reading.bytes)), \(ByteText(Int(rate)))/s"
      if reading.files > 0 { text += ", \(reading.files) files" }
      if let total = reading.total, rate > 0, total > reading.bytes {
        text += ", \(Int(Double(total - reading.bytes) / rate)) s left"
      }
      write("\r\u{1B}[K\(text)", to: STDERR_FILENO)
      state.isDrawn = true
    }
  }
}
