import Foundation

/// Shows how far the demo is, on standard error: one line that changes on a terminal, a line every two seconds elsewhere.
struct DemoProgress: Sendable {
    let board: DemoBoard
    private let isTerminal = isatty(STDERR_FILENO) == 1

    init(board: DemoBoard) { self.board = board }

    /// Runs until it is cancelled.
    func run() async {
        var shown = ""
        while !Task.isCancelled {
            let line = Self.line(board.now)
            if isTerminal {
                write("\r\u{1b}[K\(line)")
            } else if line != shown {
                write(line + "\n")
            }
            shown = line
            try? await Task.sleep(for: isTerminal ? .milliseconds(100) : .seconds(2))
        }
        if isTerminal { write("\r\u{1b}[K") }
    }

    static func line(_ state: DemoBoard.State) -> String {
        "\(state.phase): \(state.pushes.count)/\(DemoPlan.pushes) pushed, \(state.committed)/\(DemoPlan.distinct) committed, "
            + "\(state.rows)/\(AirportData.count) airport rows, \(state.kills.count) workers killed"
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
