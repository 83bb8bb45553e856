import Foundation
import Relier
import Synchronization

/// The stations of other processes: what each waits for stands in its station file, and a byte in its pipe wakes it.
///
/// Station file, 32 bytes: `RLRS`, version, wants work (1 byte at 8), wants results (1 at 9), queues (8 at 16), process id (4 at 24).
/// It is locked by its process, so that what a dead one left behind is told from a live one.
final class Stations: Sendable {
    static let magic: [UInt8] = Array("RLRS".utf8) + [1, 0, 0, 0]
    static let size = 32
    static let workOffset = 8
    static let resultsOffset = 9
    static let queuesOffset = 16

    private struct Known {
        let name: String
        let file: LockedFile
    }

    private struct State {
        var listed: Int64 = -1
        var settledListing = false
        var known: [Known] = []
        var turn = 0
    }

    let directory: RuntimeDirectory
    /// This process's own station, which is woken without a pipe.
    let own: String
    private let state = Mutex(State())

    init(in directory: RuntimeDirectory, own: String) {
        self.directory = directory
        self.own = own
    }

    /// Wakes up to `count` stations that wait for work in these queues; they take turns.
    func ringWork(queues: UInt64, count: Int) {
        state.withLock { state in
            refresh(&state)
            var left = count
            let start = state.turn
            for step in 0..<state.known.count where left > 0 {
                let position = (start + step) % state.known.count
                let station = state.known[position]
                let content = station.file.read(count: Self.size, at: 0)
                guard content.count == Self.size, content[Self.workOffset] != 0 else { continue }
                let mask = content.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: Self.queuesOffset, as: UInt64.self) }
                guard mask & queues != 0 else { continue }
                // The next push finds somebody else, until this one waits again.
                _ = withUnsafeBytes(of: UInt8(0)) { station.file.write($0, at: Self.workOffset) }
                if ring(station.name) {
                    left -= 1
                    state.turn = position + 1
                }
            }
        }
    }

    /// Wakes all stations that wait for results.
    func ringResults() {
        state.withLock { state in
            refresh(&state)
            for station in state.known {
                let content = station.file.read(count: Self.size, at: 0)
                if content.count == Self.size, content[Self.resultsOffset] != 0 { _ = ring(station.name) }
            }
        }
    }

    private func ring(_ name: String) -> Bool {
        let pipe = open(directory.path("\(name).bell"), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        // Without a reader the process is gone; a full pipe is as good as a byte more.
        guard pipe >= 0 else { return false }
        defer { close(pipe) }
        var byte: UInt8 = 1
        return write(pipe, &byte, 1) == 1 || errno == EAGAIN
    }

    /// Lists the directory anew when it has changed.
    private func refresh(_ state: inout State) {
        let changed = directory.changed
        if changed == state.listed && state.settledListing { return }
        state.listed = changed
        // Its time stamp has the grain of a timer tick: a change just now could be followed by another of the same time.
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        state.settledListing = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec) - changed > 50_000_000
        guard let listed = directory.names(suffix: ".station") else {
            // Those that are known already are still rung.
            state.settledListing = false
            return
        }
        let names = listed.map { String($0.dropLast(".station".count)) }
        let old = Dictionary(state.known.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var failed = false
        state.known = names.sorted().compactMap { name in
            if name == own { return nil }
            if let known = old[name], known.file.isAt(directory.path("\(name).station")) { return known }
            if let file = LockedFile(existing: directory.path("\(name).station")) { return Known(name: name, file: file) }
            // A file that is not this user's stays closed; anything else may be better next time.
            if errno != ENOENT && errno != EACCES { failed = true }
            return nil
        }
        if failed { state.settledListing = false }
    }

    /// Removes what dead processes left.
    func sweep() {
        for name in directory.names(suffix: ".station") ?? [] {
            let station = String(name.dropLast(".station".count))
            guard station != own, let file = LockedFile(reading: directory.path(name)), file.isUnlocked() else { continue }
            directory.remove(name)
            directory.remove("\(station).bell")
        }
        guard let left = directory.names(suffix: ".station"), let pipes = directory.names(suffix: ".bell") else { return }
        let stations = Set(left.map { $0.dropLast(".station".count) })
        for name in pipes where !stations.contains(name.dropLast(".bell".count)) {
            // A pipe with a reader belongs to a station that is being made.
            let pipe = open(directory.path(name), O_WRONLY | O_NONBLOCK | O_CLOEXEC)
            if pipe >= 0 { close(pipe) } else if errno == ENXIO { directory.remove(name) }
        }
    }
}
